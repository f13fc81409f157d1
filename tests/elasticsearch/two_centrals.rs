//! Two centrals that programs find by one name, and one store behind them.

use std::{net::Ipv4Addr, thread::scope, time::Duration};

use logship::Format;

use crate::{
    central::{Central, PATIENCE, log, shop},
    name_server::NameServer,
    support::eventually,
};

/// Programs spread over both. One is killed with what it has taken, and stays away: what it had stored
/// or spooled and what is sent to the other meet by their ids.
#[test]
fn killing_one_of_two_centrals_stores_each_record_once() {
    let mut first = Central::running();
    let mut second = Central::spooling("rsyslog/central.conf");
    second.start_poster(&["--store", &first.store.url()]);
    let names = NameServer::new();
    let ports = [&first, &second]
        .map(|central| central.url("tcp").rsplit_once(':').unwrap().1.parse::<u16>().unwrap());
    names.set_hosts("a.example.test", &[Ipv4Addr::LOCALHOST]);
    names.set_hosts("b.example.test", &[Ipv4Addr::LOCALHOST]);
    let targets = [(10, 50, ports[0], "a.example.test"), (10, 50, ports[1], "b.example.test")];
    names.set_service("_syslog._tcp.example.test", &targets);
    let url = format!("srv://_syslog._tcp.example.test?nameserver={}", names.address);
    let programs: Vec<_> = (0..PROGRAMS)
        .map(|n| {
            let program = shop(&url).format(Format::Cee).procid(n.to_string());
            program.resend_buffer(1 << 20).queue_capacity(4 << 20).build().unwrap()
        })
        .collect();
    scope(|scope| {
        for (n, program) in (0..).zip(&programs) {
            scope.spawn(move || {
                for begin in (n * EACH..(n + 1) * EACH).step_by(50) {
                    log(program, begin..begin + 50);
                    std::thread::sleep(Duration::from_millis(50));
                }
            });
        }
        let has_some = |central: &Central| !central.text("logs/shop.log").is_empty();
        assert!(eventually(PATIENCE, || has_some(&first) && has_some(&second)), "not spread");
        first.kill();
    });
    for program in &programs {
        assert!(program.flush(PATIENCE), "{:?}\n{}", program.stats(), second.own_log());
    }
    let count = (PROGRAMS * EACH) as usize;
    first.wait_for(count);
    // While rsyslogd has its last file open, it may still come to something.
    second.stop();
    for central in [&first, &second] {
        central.wait_until_empty();
    }
    let books = first.store.books();
    let numbers: std::collections::HashSet<_> = books.messages.values().collect();
    assert_eq!((numbers.len(), books.messages.len()), (count, count));
    assert!(books.refused.is_empty(), "{:?}", books.refused.first());
}

const PROGRAMS: u64 = 10;
const EACH: u64 = 1000;
