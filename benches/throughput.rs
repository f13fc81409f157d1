//! Records a second that reach a collector in this process, by transport.

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logship::Overflow;
use logship_collector::{Certificate, Collector};
use tracing::info;
use tracing_subscriber::layer::SubscriberExt as _;

const RECORDS: u64 = 200_000;

fn throughput(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("delivered");
    group.throughput(Throughput::Elements(RECORDS)).sample_size(10);
    let certified =
        rcgen::generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()])
            .expect("a certificate is made");
    let certificate = Certificate {
        cert_pem: certified.cert.pem(),
        key_pem: certified.signing_key.serialize_pem(),
    };
    let trust = "?danger_accept_invalid_certs=true";
    let rustls = "?danger_accept_invalid_certs=true&tls_backend=rustls";
    for (name, options, collector) in [
        ("tcp", "", Collector::tcp()),
        ("tcp, framing by line ends", "?framing=lf", Collector::tcp()),
        ("tls", trust, Collector::tls(certificate.clone())),
        ("tls by rustls", rustls, Collector::tls(certificate)),
        ("udp", "", Collector::udp()),
    ] {
        if options == rustls && !cfg!(feature = "rustls") {
            continue;
        }
        let collector = collector.expect("a port is free");
        collector.drain();
        let handle = logship::builder("bench")
            .servers(format!("{}{options}", collector.url()))
            .overflow(Overflow::Block(Duration::from_secs(60)))
            .build()
            .expect("it is set up");
        let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
        tracing::subscriber::with_default(subscriber, || {
            group.bench_function(name, |b| {
                b.iter_custom(|rounds| {
                    let begin = Instant::now();
                    for n in 0..rounds * RECORDS {
                        info!(target: "shop::checkout", order_id = n, customer = "ann-of-ghent", amount = 129.95, latency_ms = 42, "order accepted");
                    }
                    assert!(handle.flush(Duration::from_secs(60)));
                    begin.elapsed()
                });
            });
        });
    }
    group.finish();
}

/// From the call to the moment when the collector has taken the message apart, after a silence.
fn a_lone_record(criterion: &mut Criterion) {
    let collector = Collector::tcp().expect("a port is free");
    let handle = logship::builder("bench").servers(collector.url()).build().expect("it is set up");
    let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
    tracing::subscriber::with_default(subscriber, || {
        criterion.bench_function("a lone record arrives", |b| {
            b.iter_custom(|rounds| {
                let mut took = Duration::ZERO;
                for _ in 0..rounds {
                    std::thread::sleep(Duration::from_millis(60));
                    let begin = Instant::now();
                    info!("alone");
                    assert!(collector.next(Duration::from_secs(5)).is_some());
                    took += begin.elapsed();
                }
                took
            });
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = throughput, a_lone_record
}
criterion_main!(benches);
