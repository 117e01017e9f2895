//! Functions that want something of the world outside: searches and pages of the web, and embeddings. The
//! services are played by the server that plays the model. Needs what `function_calls` needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tests::fake_server::{ChatReply, FakeServer, Reply, Script, SeenRequest};
use tests::{Finished, Workplace};

use crate::function_calls::{run, wheel};
use crate::workplace;

const STYLES: [&str; 3] = ["prompting", "fc", "hermes"];
const SEARCHED: &str = "bfcl:web_search_base";
const UNSNIPPED: &str = "bfcl:web_search_no_snippet";
const PAGE: &str = "<html><head><style>p {}</style></head><body><h1>Tea</h1>\
                    <p>Its richest is <b>Zhang Yiming</b>.</p><script>x()</script></body></html>";

/// A call in a style.
fn call(style: &str, name: &str, arguments: &Value) -> ChatReply {
    match style {
        "fc" => ChatReply::new("").calling(vec![(name.to_owned(), arguments.to_string())]),
        "hermes" => {
            let call = json!({ "name": name, "arguments": arguments });
            ChatReply::new(format!("<tool_call>\n{call}\n</tool_call>"))
        }
        _ => {
            let arguments = arguments.as_object().expect("arguments").iter();
            let text = arguments.map(|(key, value)| format!("{key}={value}"));
            ChatReply::new(format!("[{name}({})]", text.collect::<Vec<_>>().join(", ")))
        }
    }
}

fn answer(text: &str) -> ChatReply {
    ChatReply::new(format!("{{'answer': '{text}', 'context': ''}}"))
}

/// The messages of a request as texts.
fn said(request: &SeenRequest) -> Vec<String> {
    let messages = request.body["messages"].as_array().expect("messages").iter();
    messages.map(|message| message["content"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The responses that the model was told so far.
fn responses(request: &SeenRequest) -> Vec<String> {
    let messages = request.body["messages"].as_array().expect("messages").iter();
    let is_response = |message: &&Value| {
        let text = message["content"].as_str().unwrap_or_default();
        message["role"] == "tool"
            || text.starts_with("<tool_response>")
            || text.starts_with("[{'role': 'tool'")
    };
    let text = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    messages.filter(is_response).map(text).collect()
}

/// A service that finds one page, which the same server has.
fn search_service(request: &SeenRequest) -> Option<Reply> {
    let host = request.header("host")?;
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let found = json!([{ "title": "All about tea", "link": format!("http://{host}/tea"), "snippet": "A snippet" }]);
    Some(match path {
        "/search" if !query.contains("api_key=a-secret") && !query.contains("format=json") => {
            Reply::status(401)
        }
        "/search" if query.contains("format=json") => {
            let result = json!({ "title": "All about tea", "url": format!("http://{host}/tea") });
            Reply::page("application/json", json!({ "results": [result] }).to_string())
        }
        "/search" => {
            assert!(query.contains("engine=duckduckgo") && query.contains("kl=wt-wt"), "{query}");
            Reply::page("application/json", json!({ "organic_results": found }).to_string())
        }
        "/tea" => Reply::page("text/html", PAGE),
        "/away" => Reply::status(302).header("Location", "/tea"),
        _ => return None,
    })
}

/// A model that searches, reads what it finds in a mode, and answers with what it reads if that is there.
fn reader(style: &'static str, mode: &'static str) -> FakeServer {
    let script = Script::new(move |request: &SeenRequest| {
        let told = responses(request);
        match told.as_slice() {
            [] => call(style, "search_engine_query", &json!({ "keywords": "dearest tea" })),
            [found] => {
                let start = found.find("http://").expect("an address");
                let end = found[start..].find("/tea").expect("its path") + start;
                let url = format!("{}/away", &found[start..end]);
                call(style, "fetch_url_content", &json!({ "url": url, "mode": mode }))
            }
            [.., page] => answer(if page.contains("Zhang Yiming") { "Zhang Yiming" } else { "?" }),
        }
    });
    FakeServer::start(script.elsewhere(search_service))
}

/// Runs the first entry of a task against a server that also is the search service.
fn searched(place: &Workplace, server: &FakeServer, style: &str, more: &[&str]) -> Finished {
    let url = server.base_url();
    let search = url.trim_end_matches("/v1");
    let args = ["--base-url", &url, "--model", "m", "--calls", style, "--limit", "1", "--json"];
    let args = [&args[..], &["--search-base-url", search, "--retries", "0"], more].concat();
    let mut command = crate::embedded::command(place, &args);
    command.env("SERPAPI_API_KEY", "a-secret");
    Finished::from(command.output().expect("evalrun starts"))
}

fn summary(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).expect("JSON")
}

/// What the model was told, response by response.
fn told(server: &FakeServer) -> Vec<String> {
    responses(server.requests().iter().rfind(|r| r.method == "POST").expect("a request"))
}

#[test]
fn the_web_is_searched_and_read_in_every_style() {
    if wheel().is_none() {
        return;
    }
    for (style, mode) in STYLES.into_iter().zip(["raw", "markdown", "truncate"]) {
        let (place, server) = (workplace(), reader(style, mode));
        let finished = searched(&place, &server, style, &["--task", SEARCHED, "--private-pages"]);
        assert_eq!(finished.code, 0, "{finished}");
        assert_eq!(summary(&finished)["counts"]["correct"], 1, "{style}: {finished}");
        let told = told(&server);
        assert!(told[0].contains("A snippet"), "{told:?}");
        let expected = match mode {
            "raw" => "<p>Its richest is <b>Zhang Yiming</b>.</p>",
            "markdown" => r"# Tea\n\nIts richest is **Zhang Yiming**.",
            _ => r"Tea\nIts richest is\nZhang Yiming\n.",
        };
        let page = told[1].replace(r"\\n", r"\n");
        assert!(page.contains(expected), "{style} {mode}: {page}");
        let replayed = run(&place, &["replay", place.run_file().to_str().expect("UTF-8")]);
        assert_eq!(replayed.code, 0, "{replayed}");
        let stored = std::fs::read(place.run_file()).expect("a run file");
        assert!(!String::from_utf8_lossy(&stored).contains("a-secret"), "the key is stored");
    }
}

#[test]
fn snippets_stay_away_where_the_task_says_so_and_other_services_serve() {
    if wheel().is_none() {
        return;
    }
    let (place, server) = (workplace(), reader("fc", "truncate"));
    let more = ["--task", UNSNIPPED, "--private-pages"];
    let finished = searched(&place, &server, "fc", &more);
    assert_eq!(summary(&finished)["counts"]["correct"], 1, "{finished}");
    assert!(!told(&server)[0].contains("snippet"), "{:?}", told(&server));

    let (place, server) = (workplace(), reader("fc", "truncate"));
    let finished =
        searched(&place, &server, "fc", &[&more[..], &["--search-api", "searxng"]].concat());
    assert_eq!(summary(&finished)["counts"]["correct"], 1, "{finished}");
}

#[test]
fn pages_of_private_networks_are_read_only_on_demand() {
    if wheel().is_none() {
        return;
    }
    let check = |host: &'static str, expected: &str| {
        let script =
            Script::new(move |request: &SeenRequest| match responses(request).as_slice() {
                [] => {
                    let port = request.header("host").and_then(|own| own.split(':').nth(1));
                    let url = format!("http://{host}:{}/tea", port.expect("a port"));
                    call("fc", "fetch_url_content", &json!({ "url": url }))
                }
                [..] => answer("?"),
            });
        let (place, server) = (workplace(), FakeServer::start(script.elsewhere(search_service)));
        let finished = searched(&place, &server, "fc", &["--task", SEARCHED]);
        assert_eq!(summary(&finished)["counts"]["incorrect"], 1, "{finished}");
        let told = told(&server);
        assert!(told[0].contains(expected), "{host}: {told:?}");
        assert!(!server.requests().iter().any(|request| request.path == "/tea"), "{host}");
    };
    check("127.0.0.1", "127.0.0.1 is no public address");
    // A name is seen for what it resolves to.
    check("localhost", "localhost has no public address");
}

#[test]
fn a_search_service_that_is_out_fails_the_sample_and_the_same_command_goes_on() {
    if wheel().is_none() {
        return;
    }
    let is_out = Arc::new(AtomicBool::new(true));
    let is_out_now = Arc::clone(&is_out);
    let script = Script::new(|request: &SeenRequest| match responses(request).as_slice() {
        [] => call("fc", "search_engine_query", &json!({ "keywords": "tea" })),
        [..] => answer("Zhang Yiming"),
    });
    let server = FakeServer::start(script.elsewhere(move |request| {
        let is_out = is_out_now.load(Ordering::SeqCst);
        if is_out { Some(Reply::status(403)) } else { search_service(request) }
    }));
    let place = workplace();
    let first = searched(&place, &server, "fc", &["--task", SEARCHED]);
    assert_eq!(first.code, 75, "{first}");
    assert_eq!(summary(&first)["counts"]["failed"], 1, "{first}");
    is_out.store(false, Ordering::SeqCst);
    let second = searched(&place, &server, "fc", &["--task", SEARCHED]);
    assert_eq!(second.code, 0, "{second}");
    assert_eq!(summary(&second)["counts"]["correct"], 1, "{second}");
}

/// A vector for each text that counts some words.
fn embeddings(request: &SeenRequest) -> Option<Reply> {
    if request.path != "/v1/embeddings" {
        return None;
    }
    let vector = |(idx, text): (usize, &Value)| {
        let text = text.as_str().expect("a text").to_lowercase();
        let counts = ["name", "tea", "seattle"].map(|word| text.matches(word).count() as f64);
        let counts = [&counts[..], &[0.1]].concat();
        json!({ "index": idx, "object": "embedding", "embedding": counts })
    };
    let inputs = request.body["input"].as_array().expect("texts").iter().enumerate();
    let data: Vec<Value> = inputs.map(vector).collect();
    Some(Reply::page("application/json", json!({ "object": "list", "data": data }).to_string()))
}

/// A model that remembers three things in the first conversation and looks for its user's name.
fn remembering(style: &'static str) -> FakeServer {
    let script = Script::new(move |request: &SeenRequest| {
        let (said, told) = (said(request), responses(request));
        let is_question = said.iter().any(|text| text == "What is my first name?");
        let is_begin = said.iter().any(|text| text.contains("My name is Michael"));
        let keep = |text: &str| call(style, "archival_memory_add", &json!({ "text": text }));
        match (is_question, is_begin, told.len()) {
            (true, _, 0) => {
                let arguments = json!({ "query": "the name", "top_k": 1 });
                call(style, "archival_memory_retrieve", &arguments)
            }
            (true, _, _) => {
                let is_one = !told[0].contains("Seattle") && told[0].contains("similarity_score");
                let is_found = is_one && told[0].contains("name is Michael");
                answer(if is_found { "Michael" } else { "I do not know" })
            }
            (_, true, 0) => keep("likes tea"),
            (_, true, 1) => keep("the name is Michael"),
            (_, true, 2) => keep("lives in Seattle"),
            _ => ChatReply::new("I see."),
        }
    });
    FakeServer::start(script.elsewhere(embeddings))
}

#[test]
fn memories_of_vectors_find_what_is_near() {
    for style in STYLES {
        if wheel().is_none() {
            return;
        }
        let (place, server) = (workplace(), remembering(style));
        let url = server.base_url();
        let args = ["--task", "bfcl:memory_vector", "--items", "0", "--base-url", &url, "--json"];
        let more = ["--model", "m", "--calls", style, "--embedding-base-url", &url];
        let finished = run(&place, &[&args[..], &more].concat());
        assert_eq!(finished.code, 0, "{finished}");
        assert_eq!(summary(&finished)["counts"]["correct"], 1, "{style}: {finished}");
        let asked = server.requests();
        let asked = asked.iter().find(|request| request.path == "/v1/embeddings");
        assert_eq!(asked.expect("embeddings").body["model"], "all-MiniLM-L6-v2");
    }
}

#[test]
fn services_that_no_task_needs_are_refused_and_wrong_ones_told_before_the_run() {
    let place = workplace();
    let check = |args: &[&str], code: i32, expected: &str| {
        let model = ["--base-url", "http://127.0.0.1:1/v1", "--model", "m"];
        let finished = run(&place, &[&model[..], args].concat());
        assert_eq!(finished.code, code, "{finished}");
        assert!(finished.stderr.contains(expected), "{finished}");
    };
    let search = ["--search-base-url", "http://127.0.0.1:1"];
    check(
        &[&["--task", "bfcl:memory_vector"], &search[..]].concat(),
        64,
        "it needs an embedding model: --embedding-base-url",
    );
    check(
        &["--task", SEARCHED, "--search-base-url", "ftp://somewhere"],
        64,
        "--search-base-url is not an address such as https://serpapi.com",
    );
    check(
        &["--task", "bfcl:memory_vector", "--embedding-base-url", "nowhere"],
        64,
        "--embedding-base-url: `nowhere` is no address of a server",
    );
    if wheel().is_none() {
        return;
    }
    check(
        &[&["--task", "bfcl:simple_python", "--limit", "1"], &search[..]].concat(),
        64,
        "--search-base-url: `bfcl:simple_python` has no functions that use it",
    );
}
