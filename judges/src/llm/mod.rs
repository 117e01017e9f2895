//! Language models as judges: what they are asked, and what is read from their replies.
//!
//! Purpose: ask and read exactly as MT-Bench does (Zheng et al., "Judging LLM-as-a-Judge with MT-Bench
//! and Chatbot Arena", arXiv 2306.05685; FastChat 0e6d3e4b, `fastchat/llm_judge/common.py`), so that
//! ratings can be compared with published ones.
//!
//! Data flow: answers of a dialogue → [`JudgeQuestion`] → (a backend answers) → [`read`] → `Reading`.
//!
//! Three things differ from upstream, all in the open: a rating outside 1 to 10, and digits on which
//! Python stumbles (`[[08]]`), count as unparsed instead of being taken or ending the run, and the
//! reading keeps what upstream would have made of them; a reply that was cut is unparsed unless its
//! verdict stands in double brackets.

mod answers;
mod format;
mod prompts;
mod rating;
mod references;

pub use answers::{visible_answer, visible_facts};
pub use format::{Format, FormatError};
pub use prompts::{JudgePrompts, JudgeQuestion, LANGUAGE_PROMPTS, PromptError, RatedDialogue};
pub use rating::{REMINDER, Wanted, read, read_text};
pub use references::References;
