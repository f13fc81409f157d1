//! Trace ids of OpenTelemetry in every record.

use std::time::Duration;

use logship::{Format, Handle};
use logship_collector::{Collector, Received};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing::{Dispatch, dispatcher::with_default, info, info_span};
use tracing_subscriber::{Layer as _, filter::filter_fn, layer::SubscriberExt as _, registry};

/// What was logged, and the spans that OpenTelemetry saw end, the first one first.
fn shipped(
    format: Format,
    subscriber: impl FnOnce(&Handle, &SdkTracerProvider) -> Dispatch,
    say: impl FnOnce(&Handle),
) -> (Vec<Received>, Vec<SpanData>) {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let collector = Collector::tcp().unwrap();
    let handle =
        logship::builder("app-tag").servers(collector.url()).format(format).build().unwrap();
    with_default(&subscriber(&handle, &provider), || say(&handle));
    assert!(handle.flush(PATIENCE));
    let count = usize::try_from(handle.stats().captured - handle.stats().dropped).unwrap();
    let records = collector.wait_for(count, PATIENCE);
    let is_flawless = records.iter().all(|record| record.complaints.is_empty());
    assert!(is_flawless || format == Format::Rfc3164, "{records:?}");
    (records, exporter.get_finished_spans().unwrap())
}

fn ours_first(handle: &Handle, provider: &SdkTracerProvider) -> Dispatch {
    let otel = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    registry().with(handle.unfiltered_layer()).with(otel).into()
}

fn ours_last(handle: &Handle, provider: &SdkTracerProvider) -> Dispatch {
    let otel = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    registry().with(otel).with(handle.unfiltered_layer()).into()
}

fn ids(record: &Received) -> Option<(String, String)> {
    let param = |name| record.param("trace@32473", name).map(str::to_owned);
    param("trace_id").zip(param("span_id"))
}

fn ids_of(span: &SpanData) -> Option<(String, String)> {
    let context = &span.span_context;
    Some((context.trace_id().to_string(), context.span_id().to_string()))
}

#[test]
fn trace_ids_do_not_depend_on_layer_order() {
    for subscriber in [ours_first, ours_last] {
        let (records, spans) = shipped(Format::Rfc5424, subscriber, |_| {
            info!("outside");
            let outer = info_span!("outer").entered();
            info!("in outer");
            info!("in outer, again");
            info_span!("inner").in_scope(|| info!("in inner"));
            info!("in outer, after inner");
            let apart = info_span!(parent: None, "apart");
            info!(parent: &apart, "in one that nobody has entered");
            info!(parent: None, "nowhere");
            drop(apart);
            drop(outer);
            info!("outside");
        });
        let [inner, apart, outer] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!(inner.span_context.trace_id(), outer.span_context.trace_id());
        let (inner, apart, outer) = (ids_of(inner), ids_of(apart), ids_of(outer));
        let expected =
            [&None, &outer, &outer, &inner, &outer, &apart, &None, &None].map(Clone::clone);
        assert_eq!(records.iter().map(ids).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn span_of_our_layer_only_joins_the_outer_trace() {
    let subscriber = |handle: &Handle, provider: &SdkTracerProvider| {
        let otel = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let otel = otel.with_filter(filter_fn(|metadata| metadata.name() != "inner"));
        registry().with(handle.unfiltered_layer()).with(otel).into()
    };
    let (records, spans) = shipped(Format::Rfc5424, subscriber, |_| {
        info_span!("outer")
            .in_scope(|| info_span!("inner", user = 7).in_scope(|| info!("in inner")));
    });
    assert_eq!((ids(&records[0]), spans.len()), (ids_of(&spans[0]), 1));
    assert_eq!(records[0].param("span@32473", "user"), Some("7"));
}

/// A filter that hides the spans from this layer doesn't change which request it is.
#[test]
fn a_log_record_has_the_ids_of_its_own_request() {
    let subscriber = |handle: &Handle, provider: &SdkTracerProvider| {
        let otel = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let ours =
            handle.unfiltered_layer().with_filter(tracing_subscriber::filter::LevelFilter::WARN);
        registry().with(otel).with(ours).into()
    };
    let (records, spans) = shipped(Format::Rfc5424, subscriber, |handle| {
        let log = || {
            let mut record = log::Record::builder();
            let record = record.level(log::Level::Info).args(format_args!("by log")).build();
            log::Log::log(&handle.logger(), &record);
        };
        (0..3).for_each(|_| info_span!("request").in_scope(log));
        log();
    });
    let mut expected: Vec<_> = spans.iter().map(ids_of).collect();
    expected.push(None);
    assert_eq!(records.iter().map(ids).collect::<Vec<_>>(), expected);
}

#[test]
fn json_has_them_under_the_names_of_its_schema() {
    for format in [Format::Cee, Format::Ecs, Format::Rfc3164] {
        let (records, spans) = shipped(format, ours_first, |handle| {
            let _span = info_span!("request", id = 7).entered();
            info!("by tracing");
            let mut record = log::Record::builder();
            let record = record.level(log::Level::Info).args(format_args!("by log")).build();
            log::Log::log(&handle.logger(), &record);
        });
        let (trace, span) = ids_of(&spans[0]).unwrap();
        for record in &records {
            let text = String::from_utf8_lossy(&record.bytes);
            let expected = match format {
                Format::Cee => format!(r#","trace_id":"{trace}","span_id":"{span}","spans":{{"#),
                Format::Ecs => format!(r#","trace":{{"id":"{trace}"}},"span":{{"id":"{span}"}},"#),
                _ => format!(r#" trace_id="{trace}" span_id="{span}" spans="request""#),
            };
            assert!(text.contains(&expected), "{text}");
        }
    }
}

#[test]
fn no_trace_ids_without_opentelemetry() {
    let plain =
        |handle: &Handle, _: &SdkTracerProvider| registry().with(handle.unfiltered_layer()).into();
    let (records, _) = shipped(Format::Rfc5424, plain, |_| {
        info_span!("request").in_scope(|| info!("hello"));
    });
    assert_eq!(ids(&records[0]), None);
}

const PATIENCE: Duration = Duration::from_secs(20);
