//! The order of addresses: random, but for what the system or a service prefers.

use std::{
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
};

/// Shuffles the addresses of each family: the system returns them in the same order to every
/// process, and all would use the first one. The family that the system prefers stays first.
pub(super) fn shuffled(
    addresses: Vec<SocketAddr>,
    chance: &mut impl FnMut(usize) -> usize,
) -> Vec<SocketAddr> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let families = addresses.into_iter().partition(|address| address.is_ipv4() == first_is_v4);
    let (mut preferred, mut others): (Vec<_>, Vec<_>) = families;
    for family in [&mut preferred, &mut others] {
        for end in (1..family.len()).rev() {
            family.swap(end, chance(end + 1));
        }
    }
    preferred.append(&mut others);
    preferred
}

/// Random numbers below a limit.
pub(super) fn chance() -> impl FnMut(usize) -> usize {
    let state = RandomState::new();
    let mut count = 0_u64;
    move |limit| {
        count += 1;
        (state.hash_one(count) % limit.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn addresses_are_shuffled_evenly() {
        let all: Vec<SocketAddr> = ["[::1]:1", "10.0.0.1:1", "[::2]:1", "[::3]:1", "10.0.0.2:1"]
            .map(|address| address.parse().unwrap())
            .into();
        let mut firsts: HashMap<SocketAddr, usize> = HashMap::new();
        for _ in 0..3000 {
            let order = shuffled(all.clone(), &mut chance());
            assert!(order[..3].iter().all(SocketAddr::is_ipv6), "{order:?}");
            assert!(all.iter().all(|address| order.contains(address)));
            *firsts.entry(order[0]).or_default() += 1;
        }
        assert!(firsts.len() == 3 && firsts.values().all(|count| *count > 800), "{firsts:?}");
    }
}
