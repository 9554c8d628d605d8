//! Traces, as a collector gets them over the wire.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use assentry::demo::story;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use tokio::net::TcpListener;

use crate::crash::server::Server;
use crate::crash::town::{Town, in_time};

type Bodies = Arc<Mutex<Vec<Bytes>>>;

/// A collector that keeps what it gets; its address.
async fn collector(bodies: Bodies) -> String {
    async fn keep(State(bodies): State<Bodies>, body: Bytes) {
        bodies.lock().unwrap().push(body);
    }
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/v1/traces", post(keep)).with_state(bodies);
    let stop = tokio_util::sync::CancellationToken::new();
    tokio::spawn(assentry::web::serve(listener, router, stop));
    format!("http://{address}/v1/traces")
}

fn attributes(of: &[KeyValue]) -> BTreeMap<&str, String> {
    let text = |value: &any_value::Value| {
        if let any_value::Value::StringValue(text) = value {
            text.clone()
        } else if let any_value::Value::IntValue(number) = value {
            number.to_string()
        } else {
            format!("{value:?}")
        }
    };
    let pair = |pair: &'_ KeyValue| pair.value.as_ref().and_then(|value| value.value.as_ref()).map(text);
    of.iter().filter_map(|each| Some((each.key.as_str(), pair(each)?))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_to_a_model_is_traced_below_its_effect_and_nothing_that_was_said_is() {
    in_time(async {
        let bodies = Bodies::default();
        let url = collector(Arc::clone(&bodies)).await;
        let town = Town::with(story::script(), &format!("[telemetry]\notlp_url = '{url}'")).await;
        let server = Server::start(&town.config).await;
        town.people_act().await;
        town.is_quiet(&server).await;
        assert!(server.stops().await.success());

        let bodies = bodies.lock().unwrap().clone();
        let requests = bodies.iter().map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap());
        let resources: Vec<_> = requests.flat_map(|request| request.resource_spans).collect();
        for resource in &resources {
            let of = attributes(&resource.resource.as_ref().unwrap().attributes);
            assert_eq!(of["service.name"], "assentry");
        }
        let spans: Vec<&Span> = resources.iter().flat_map(|r| &r.scope_spans).flat_map(|scope| &scope.spans).collect();
        let calls: Vec<&&Span> = spans.iter().filter(|span| span.name.starts_with("chat ")).collect();
        assert_eq!(calls.len(), town.model.calls());
        for call in calls {
            let of = attributes(&call.attributes);
            assert_eq!((call.kind(), of["gen_ai.operation.name"].as_str()), (SpanKind::Client, "chat"));
            assert_eq!(of["gen_ai.provider.name"], "anthropic");
            assert_eq!(call.name, format!("chat {}", of["gen_ai.request.model"]));
            for figure in ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.request.max_tokens"] {
                assert!(of[figure].parse::<u64>().unwrap() > 0, "{figure}");
            }
            let parent = spans.iter().find(|span| span.span_id == call.parent_span_id).expect("an effect");
            assert_eq!((parent.name.as_str(), attributes(&parent.attributes)["run.id"].as_str()), ("effect", "1"));
        }
        assert!(spans.iter().any(|span| span.name == "delivery"));

        let all: Vec<u8> = bodies.concat();
        for said in ["sk-scripted", "ghs_", story::BODY, story::CHECK, "I look at what is there."] {
            assert!(!all.windows(said.len()).any(|window| window == said.as_bytes()), "{said:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f59_a_collector_that_is_away_holds_nothing_up() {
    in_time(async {
        let away = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap().local_addr().unwrap();
        let town = Town::with(story::script(), &format!("[telemetry]\notlp_url = 'http://{away}/v1/traces'")).await;
        let server = Server::start(&town.config).await;
        town.people_act().await;
        town.is_quiet(&server).await;
        assert!(server.stops().await.success());
        assert_eq!(town.outcome().await, Town::undisturbed().await);
    })
    .await;
}
