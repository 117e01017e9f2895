//! A server that plays BFCL's expected calls, in whichever style and format it is asked.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::Arc;

use harness::calls::BfclData;
use judges::calls::decode::{self, Decoded, Mode, ReturnFormat, ToolTag};
use judges::calls::value::Value as Python;
use judges::calls::{Entry, ExpectedCall};
use serde_json::{Map, Value, json};
use tasks::calls::Category;
use tests::fake_server::{ChatReply, FakeServer, Script, SeenRequest};

/// What the player needs of an entry.
pub(crate) struct Part {
    /// What the user says last in each turn; empty where functions are added instead.
    says: Vec<String>,
    /// The expected calls of each turn, as Python; for a single turn as data.
    turns: Vec<Vec<Play>>,
}

/// The parts of entries that begin with the same words, by those words.
pub(crate) type Parts = HashMap<String, Vec<Part>>;

/// An expected call.
#[derive(Clone)]
enum Play {
    /// Python source.
    Source(String),
    /// A name and its arguments.
    Data(String, Map<String, Value>),
}

/// The format that calls in text are asked for in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Python,
    Json,
    VerboseXml,
    ConciseXml,
}

/// The acceptable values of a call that are not "left out", as JSON.
fn expected(call: &ExpectedCall) -> Play {
    let value = |(name, values): &(String, Vec<Python>)| {
        let value = values.iter().find(|value| value.as_str() != Some(""))?;
        Some((name.clone(), plain(value)))
    };
    Play::Data(call.name.clone(), call.parameters.iter().filter_map(value).collect())
}

/// The first acceptable value, all the way down: dictionaries list acceptable values of each key.
fn plain(value: &Python) -> Value {
    match value {
        Python::Dict(dict) => {
            let entry = |(key, values): &(Python, Python)| {
                let first = values.as_list()?.iter().find(|value| value.as_str() != Some(""))?;
                Some((key.as_str()?.to_owned(), as_json(first)))
            };
            Value::Object(dict.iter().filter_map(entry).collect())
        }
        Python::List(items) => Value::Array(items.iter().map(plain).collect()),
        other => as_json(other),
    }
}

fn as_json(value: &Python) -> Value {
    match value {
        Python::None => Value::Null,
        Python::Bool(flag) => json!(flag),
        Python::Int(number) => serde_json::from_str(&number.to_string()).expect("a number"),
        Python::Float(number) => json!(number),
        Python::Str(text) => json!(text),
        Python::List(items) | Python::Tuple(items) => {
            Value::Array(items.iter().map(as_json).collect())
        }
        Python::Dict(dict) => {
            let entry = |(key, value): &(Python, Python)| (key.to_text().clone(), as_json(value));
            Value::Object(dict.iter().map(entry).collect())
        }
        other => json!(other.to_text()),
    }
}

/// Source with the names of parameters before arguments that have none.
fn named(source: &str, tools: &HashMap<String, Vec<String>>) -> String {
    let (name, rest) = source.split_once('(').expect("a call");
    let inner = rest.strip_suffix(')').expect("a call");
    let name = name.trim();
    // Some expected calls are of functions that are described nowhere; they name their parameters.
    let Some(parameters) = tools.get(name) else { return source.to_owned() };
    let arguments = top_level(inner);
    let named = arguments.iter().enumerate().map(|(idx, argument)| {
        let key = argument.split('=').next().unwrap_or_default().trim();
        let has_name = argument.contains('=') && parameters.iter().any(|known| known == key);
        if has_name { (*argument).to_owned() } else { format!("{}={argument}", parameters[idx]) }
    });
    format!("{name}({})", named.collect::<Vec<_>>().join(", "))
}

/// The arguments between commas that are in no brackets and no text.
fn top_level(inner: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut start, mut found) = (0, None, 0, Vec::new());
    let mut escaped = false;
    for (idx, c) in inner.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                found.push(inner[start..idx].trim());
                start = idx + 1;
            }
            _ => {}
        }
    }
    found.push(inner[start..].trim());
    found.retain(|argument| !argument.is_empty());
    found
}

/// A name and JSON arguments of a call in source.
fn data(source: &str) -> (String, Map<String, Value>) {
    let format = (ReturnFormat::Python, ToolTag::Absent);
    let decoded = decode::calls(&Python::str(format!("[{source}]")), Mode::Prompting, format);
    let Ok(Decoded::Calls(calls)) = decoded else { panic!("{source}") };
    let arguments = calls[0].arguments.iter();
    let arguments = arguments.map(|(key, value)| (key.to_text(), as_json(value))).collect();
    (calls[0].name.to_text(), arguments)
}

/// A server that answers with the expected calls of whichever entry it is asked, in the style in which
/// it is asked, and with a word where no call is expected.
pub(crate) fn player(parts: Parts, style: &'static str) -> FakeServer {
    let parts = Arc::new(parts);
    let script = Script::new(move |request: &SeenRequest| play(&parts, style, request));
    FakeServer::start(script)
}

fn play(parts: &Parts, style: &str, request: &SeenRequest) -> ChatReply {
    let messages = request.body["messages"].as_array().expect("messages");
    let content = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    let said: Vec<String> = messages.iter().filter(|m| m["role"] == "user").map(content).collect();
    let is_response =
        |text: &String| text.starts_with("[{'role': 'tool'") || text.starts_with("<tool_response>");
    let turns: Vec<&String> = said.iter().filter(|text| !is_response(text)).collect();
    let last = messages.last().expect("a message");
    let answers_a_call = last["role"] == "tool" || is_response(&content(last));
    let alike = turns.iter().find_map(|said| parts.get(said.as_str()));
    let alike = alike.expect("an entry with this question");
    let described = request.body.to_string();
    let part = alike.iter().find(|part| part.fits(&turns, &described)).unwrap_or(&alike[0]);
    // Some entries of one turn begin with several messages.
    let calls = &part.turns[(turns.len() - 1).min(part.turns.len() - 1)];
    if answers_a_call || calls.is_empty() {
        return ChatReply::new("There is nothing more to do.");
    }
    let tools = parameters(request);
    let calls = calls.iter().map(|call| match call {
        Play::Data(name, arguments) => (name.clone(), known(name, arguments, &tools)),
        Play::Source(source) => data(&named(source, &tools)),
    });
    reply(style, &content(&messages[0]), calls.collect())
}

impl Part {
    /// Whether an entry can be the one that is asked, by what the user has said and by the functions that
    /// are described.
    fn fits(&self, said: &[&String], described: &str) -> bool {
        let is_said = |(text, said): (&String, &&String)| text.is_empty() || text == *said;
        let is_described = |play: &Play| match play {
            Play::Data(name, _) => {
                let quoted = |name: &str| {
                    described.contains(&format!("{name}\\\""))
                        || described.contains(&format!("\"{name}\""))
                };
                quoted(name) || quoted(&name.replace('.', "_"))
            }
            Play::Source(_) => true,
        };
        self.says.iter().zip(said).all(is_said) && self.turns.iter().flatten().all(is_described)
    }
}

/// The arguments that a function's description has, where it is known. Some answers name others too.
fn known(
    name: &str,
    arguments: &Map<String, Value>,
    tools: &HashMap<String, Vec<String>>,
) -> Map<String, Value> {
    let names = tools.get(name).or_else(|| tools.get(&name.replace('.', "_")));
    let names: Option<HashSet<&String>> = names.map(|names| names.iter().collect());
    let is_known = |key: &String| names.as_ref().is_none_or(|names| names.contains(key));
    let known = arguments.iter().filter(|(key, _)| is_known(key));
    known.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn reply(style: &str, system: &str, calls: Vec<(String, Map<String, Value>)>) -> ChatReply {
    match style {
        "fc" => {
            let native = |(name, args): (String, _)| {
                (name.replace('.', "_"), Value::Object(args).to_string())
            };
            ChatReply::new("").calling(calls.into_iter().map(native).collect())
        }
        "hermes" => {
            let block = |(name, args): &(String, Map<String, Value>)| {
                let call = json!({ "name": name, "arguments": args });
                format!("<tool_call>\n{call}\n</tool_call>")
            };
            ChatReply::new(calls.iter().map(block).collect::<Vec<_>>().join("\n"))
        }
        _ => {
            let text = written(&calls, format_of(system));
            let has_tag = system.contains("<TOOLCALL>");
            let text = if has_tag { format!("<TOOLCALL>{text}</TOOLCALL>") } else { text };
            ChatReply::new(text)
        }
    }
}

/// The format by the example in upstream's system prompt.
fn format_of(system: &str) -> Format {
    if system.contains("\"parameters\":{\"param1\"") {
        Format::Json
    } else if system.contains("<params><param name=\"param1\"") {
        Format::VerboseXml
    } else if system.contains("<param name=\"param1\" type=\"type1\">") {
        Format::ConciseXml
    } else {
        Format::Python
    }
}

fn written(calls: &[(String, Map<String, Value>)], format: Format) -> String {
    match format {
        Format::Python => {
            let text = |(name, args): &(String, Map<String, Value>)| {
                let args = args.iter().map(|(key, value)| format!("{key}={}", python(value)));
                format!("{name}({})", args.collect::<Vec<_>>().join(", "))
            };
            format!("[{}]", calls.iter().map(text).collect::<Vec<_>>().join(", "))
        }
        Format::Json => {
            let call = |(name, args): &(String, Map<String, Value>)| json!({ "function": name, "parameters": args });
            Value::Array(calls.iter().map(call).collect()).to_string()
        }
        Format::VerboseXml | Format::ConciseXml => {
            let call = |(name, args): &(String, Map<String, Value>)| {
                let args = args.iter().map(|(key, value)| xml_parameter(key, value, format));
                let args: String = args.collect();
                let args = match format {
                    Format::VerboseXml => format!("<params>{args}</params>"),
                    _ => args,
                };
                format!("<function name=\"{name}\">{args}</function>")
            };
            format!("<functions>{}</functions>", calls.iter().map(call).collect::<String>())
        }
    }
}

fn xml_parameter(key: &str, value: &Value, format: Format) -> String {
    let (kind, text) = match value {
        Value::Null => ("null", "null".to_owned()),
        Value::Bool(flag) => ("boolean", flag.to_string()),
        Value::Number(number) if number.is_f64() => ("float", number.to_string()),
        Value::Number(number) => ("integer", number.to_string()),
        Value::String(text) => ("string", text.clone()),
        Value::Array(_) => ("array", python(value)),
        Value::Object(_) => ("dict", python(value)),
    };
    let escapes = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("\n", "&#10;")];
    let text = escapes.iter().fold(text, |text, (from, to)| text.replace(from, to));
    match format {
        Format::VerboseXml => {
            format!("<param name=\"{key}\" value=\"{text}\" type=\"{kind}\"/>")
        }
        _ => format!("<param name=\"{key}\" type=\"{kind}\">{text}</param>"),
    }
}

/// JSON as Python source.
fn python(value: &Value) -> String {
    judges::calls::json::parse(&value.to_string()).expect("JSON").repr()
}

/// The parameters of each function that the request describes, in order.
fn parameters(request: &SeenRequest) -> HashMap<String, Vec<String>> {
    let names = |function: &Value| {
        let properties = function["parameters"]["properties"].as_object();
        let names = properties.map(|p| p.keys().cloned().collect()).unwrap_or_default();
        (function["name"].as_str().unwrap_or_default().to_owned(), names)
    };
    if let Some(tools) = request.body["tools"].as_array() {
        return tools.iter().map(|tool| names(&tool["function"])).collect();
    }
    // Prompts describe functions as JSON: a list after a line, or one a line.
    let texts = request.body["messages"].as_array().expect("messages").iter();
    let mut found = HashMap::new();
    for text in texts.filter_map(|message| message["content"].as_str()) {
        if let Some((_, list)) = text.split_once("that you can invoke.\n")
            && let Some(Ok(Value::Array(functions))) =
                serde_json::Deserializer::from_str(list).into_iter::<Value>().next()
        {
            found.extend(functions.iter().map(names));
        }
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        found.extend(lines.filter(|line| line["parameters"].is_object()).map(|line| names(&line)));
        // Functions that come late are described in Python.
        if let Some((list, _)) = text.split_once("\nI have updated some more functions") {
            let (_, arguments) = data(&format!("f(late={list})"));
            found.extend(arguments["late"].as_array().expect("a list").iter().map(names));
        }
    }
    found
}

/// The parts of a category's entries.
pub(crate) fn parts(bfcl: &BfclData, category: Category) -> Parts {
    let entries = bfcl.entries(category).expect("entries");
    let rows = bfcl.questions(category).expect("questions");
    let mut says = says(bfcl, category);
    let mut parts = Parts::new();
    for (id, question) in rows {
        let turns = match &entries[&id] {
            Entry::Calls(entry) => vec![entry.expected.iter().map(expected).collect()],
            Entry::Conversation(conversation) => {
                let source = |turn: &Vec<String>| turn.iter().cloned().map(Play::Source).collect();
                conversation.ground_truth.iter().map(source).collect()
            }
            Entry::Relevance(_) | Entry::Agentic(_) => vec![Vec::new()],
        };
        let says = says.remove(&id).unwrap_or_default();
        parts.entry(question).or_default().push(Part { says, turns });
    }
    parts
}

/// What the user says last in each turn of conversations, by entry.
fn says(bfcl: &BfclData, category: Category) -> HashMap<String, Vec<String>> {
    if !category.name().starts_with("multi_turn") {
        return HashMap::new();
    }
    let wheel = std::io::Cursor::new(bfcl.wheel());
    let mut archive = zip::ZipArchive::new(wheel).expect("a wheel");
    let name = format!("bfcl_eval/data/BFCL_v4_{}.json", category.name());
    let mut text = String::new();
    archive.by_name(&name).expect("the data").read_to_string(&mut text).expect("UTF-8");
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("a row");
        let turns = row["question"].as_array().expect("turns").iter();
        let last = |turn: &Value| {
            let last = turn.as_array()?.iter().rfind(|message| message["role"] == "user")?;
            last["content"].as_str().map(str::to_owned)
        };
        let says = turns.map(|turn| last(turn).unwrap_or_default()).collect();
        (row["id"].as_str().expect("an id").to_owned(), says)
    };
    text.lines().map(row).collect()
}
