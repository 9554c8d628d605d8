//! What the server tells about itself while it works: its log, and traces for a collector.
//!
//! Promises: telemetry holds up no work (F59); what a collector does not take in time is dropped. No text of an issue, a
//! plan or a conversation goes there.

use anyhow::Context as _;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};
use url::Url;

use crate::config::{Config, LogFormat};

/// What has to be ended in good order.
pub(super) struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

/// Begins to log and, where a collector is named, to trace.
///
/// # Errors
/// When the way to the collector cannot be set up; it need not be there.
pub(super) fn start(config: &Config) -> anyhow::Result<Telemetry> {
    let filter = EnvFilter::new(&config.server.log_filter);
    let log = fmt::layer().with_writer(std::io::stderr);
    let log = match config.server.log_format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
        // Each line stands alone: what it is about stands in it, wherever in the work it was written.
        LogFormat::Json => log.json().flatten_event(true).with_current_span(false).with_span_list(true).boxed(),
    };
    let traces = config.telemetry.otlp_url.as_ref().map(exported).transpose()?;
    let spans = traces.as_ref().map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("assentry"));
        let layer = layer.with_location(false).with_threads(false).with_tracked_inactivity(false);
        // Ours alone: the exporter's own requests would be traced, exported, and traced again.
        layer.with_filter(Targets::new().with_target("assentry", LevelFilter::INFO))
    });
    tracing_subscriber::registry().with(log.with_filter(filter)).with(spans).init();
    Ok(Telemetry { traces })
}

fn exported(url: &Url) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(url.as_str());
    let exporter = exporter.build().context("cannot send traces to telemetry.otlp_url")?;
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_service_name("assentry").with_attribute(version).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

impl Telemetry {
    /// Sends what is left, for a few seconds at most.
    pub(super) async fn stop(self) {
        let Some(traces) = self.traces else { return };
        match tokio::task::spawn_blocking(move || traces.shutdown()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces were not taken"),
            Err(error) => tracing::warn!(%error, "the last traces were not sent"),
        }
    }
}
