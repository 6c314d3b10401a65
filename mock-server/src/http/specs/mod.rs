//! Serves the specs: as JSON for tools, and as pages for people who have no network; and the JSON Schema of seeds. Shows
//! what the documents say, so it must not know any operation.
//!
//! - `page`: the pages of the reference
//! - `prose`: a description as markup

mod page;
mod prose;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use super::asset::asset;
use crate::generated::specs::SPECS;
use crate::runtime::seed::schema::SCHEMA as SEED;

const STYLE: &str = include_str!("specs.css");
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const JSON_SCHEMA: &str = "application/schema+json";

/// The specs.
pub(super) fn router() -> Router {
    let mut router = Router::new()
        .route(
            "/_mock/specs",
            get(|| ready(asset(HTML, page::overview(&documents()).into_string()))),
        )
        .route(
            "/_mock/specs/index.json",
            get(|| ready(asset(JSON, index(&documents())))),
        )
        .route(
            "/_mock/specs/specs.css",
            get(|| ready(asset("text/css; charset=utf-8", STYLE))),
        )
        .route(
            "/_mock/specs/seed.schema.json",
            get(|| ready(asset(JSON_SCHEMA, SEED))),
        );
    for &(name, text) in SPECS {
        router = router
            .route(
                &format!("/_mock/specs/{name}.json"),
                get(move || ready(asset(JSON, text))),
            )
            .route(
                &format!("/_mock/specs/{name}"),
                get(move || {
                    ready(asset(
                        HTML,
                        page::reference(name, &parsed(text)).into_string(),
                    ))
                }),
            );
    }
    router
}

fn ready(response: Response) -> std::future::Ready<Response> {
    std::future::ready(response)
}

/// Each spec's name and document.
fn documents() -> Vec<(&'static str, Value)> {
    SPECS
        .iter()
        .map(|&(name, text)| (name, parsed(text)))
        .collect()
}

/// A test parses every document, so none is null.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// The list of the specs, for tools.
fn index(documents: &[(&str, Value)]) -> String {
    let specs: Vec<Value> = documents
        .iter()
        .map(|(name, document)| {
            json!({
                "name": name,
                "title": document["info"]["title"],
                "document": format!("/_mock/specs/{name}.json"),
                "reference": format!("/_mock/specs/{name}"),
            })
        })
        .collect();
    json!({"specs": specs}).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::body::Body;
    use axum::extract::Request;
    use http::StatusCode;
    use http::header::CONTENT_TYPE;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::{documents, index, page};

    /// The values of an attribute in a page.
    fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
        let lead = format!(" {attribute}=\"");
        html.split(&lead)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect()
    }

    #[test]
    fn every_document_is_complete_and_in_the_index() {
        let documents = documents();
        let index = index(&documents);
        assert!(documents.len() >= 5);
        for (name, document) in &documents {
            assert!(document["paths"].is_object(), "{name}");
            assert!(
                index.contains(&format!("/_mock/specs/{name}.json")),
                "{index}"
            );
            for reference in document.to_string().split("\"$ref\":\"").skip(1) {
                let target = reference.split('"').next().unwrap();
                let local = target.strip_prefix('#');
                let found = local.and_then(|pointer| document.pointer(pointer));
                assert!(found.is_some(), "{name}: {target}");
            }
        }
    }

    #[test]
    fn the_pages_name_every_operation_and_every_link_leads_somewhere() {
        let documents = documents();
        let overview = page::overview(&documents).into_string();
        let mut anchors = BTreeSet::new();
        for (name, document) in &documents {
            let html = page::reference(name, document).into_string();
            let ids: BTreeSet<&str> = values(&html, "id").into_iter().collect();
            assert_eq!(
                ids.len(),
                values(&html, "id").len(),
                "{name}: an id stands twice"
            );
            for item in document["paths"].as_object().unwrap().values() {
                for operation in item.as_object().unwrap().values() {
                    if let Some(id) = operation["operationId"].as_str() {
                        assert!(ids.contains(id), "{name}: {id}");
                    }
                }
            }
            for link in values(&html, "href") {
                match link.strip_prefix('#') {
                    Some(id) => assert!(ids.contains(id), "{name}: {link}"),
                    None => assert!(
                        ["../specs", "specs.css"].contains(&link) || link == format!("{name}.json"),
                        "{name}: {link}"
                    ),
                }
            }
            anchors.extend(ids.into_iter().map(|id| format!("specs/{name}#{id}")));
            anchors.extend([format!("specs/{name}")]);
        }
        let fixed = [
            "specs/index.json",
            "specs/specs.css",
            "specs/seed.schema.json",
        ];
        for link in values(&overview, "href") {
            assert!(anchors.contains(link) || fixed.contains(&link), "{link}");
        }
        assert_eq!(overview.matches("specs/seed.schema.json").count(), 1);
    }

    #[tokio::test]
    async fn the_schema_of_seeds_is_served_as_the_program_has_it() {
        let request = Request::get("/_mock/specs/seed.schema.json");
        let request = request.body(Body::empty()).unwrap();
        let answer = super::router().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/schema+json");
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        let schema: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(schema["title"], "A seed of stepup-mock");
    }
}
