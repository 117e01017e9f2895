//! Whether a call is made at all (`_evaluate_single_relevance_entry`).
//!
//! Upstream's quirk, replicated: a call that cannot be decoded counts as no call, and any function with
//! any arguments as one.

use tasks::calls::CheckKind;

use super::decode::{self, Decoded, Mode, ReturnFormat, ToolTag};
use super::value::Value;
use super::verdict::{ErrorType, Failure, Judged};

/// Judges a reply to a request that should, or should not, lead to a call.
pub fn judge(result: &Value, mode: Mode, kind: CheckKind) -> Judged {
    let decoded = decode::calls(result, mode, (ReturnFormat::Python, ToolTag::Absent));
    let has_call = matches!(&decoded, Ok(Decoded::Calls(calls)) if !calls.is_empty());
    let why = match decoded {
        Ok(_) => "it holds none".to_owned(),
        Err(err) => err.to_string(),
    };
    match kind {
        CheckKind::Irrelevance if has_call => Err(Failure::new(
            ErrorType::IrrelevanceDecoderSuccess,
            "a function is called where none serves the request",
        )),
        CheckKind::Irrelevance => Ok(()),
        _ if has_call => Ok(()),
        _ => Err(Failure::new(
            ErrorType::RelevanceDecoderFailed,
            format!("no call can be read from the reply: {why}"),
        )),
    }
}
