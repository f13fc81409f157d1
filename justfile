# Checks and chores: `just` lists them.

_list:
    @just --list

# The fast loop: unit and integration tests, a minute; needs nothing but Rust and OpenSSL's headers.
quick:
    cargo test --all-features --lib
    cargo test --all-features --test integration

# Everything against real servers, twenty minutes; `tests/setup` installs them.
real:
    sh tests/setup
    sh tests/run

# Formatting and lints, as the gate wants them.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# The whole gate, on this checkout.
gate:
    .ci/run

# What takes hours: kills, fuzzing, mutants, sanitizers.
nightly:
    .ci/long

# The documentation as docs.rs shows it.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --all-features --no-deps

# Throughput and cost of a call.
bench:
    cargo bench --all-features
