//! What came of judging an entry.

/// A verdict: right, or what is wrong.
pub type Judged = Result<(), Failure>;

/// Why an entry is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Upstream's name for it.
    pub error_type: ErrorType,
    /// For people.
    pub reason: String,
}

impl Failure {
    pub(super) fn new(error_type: ErrorType, reason: impl Into<String>) -> Self {
        Self { error_type, reason: reason.into() }
    }
}

/// Upstream's error types, and at the end those that only occur here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is described by its name")]
pub enum ErrorType {
    DecoderFailed,
    DecoderWrongOutputFormat,
    SimpleWrongCount,
    MultipleWrongCount,
    ParallelWrongCount,
    ParallelCannotFindMatch,
    WrongFunctionName,
    MissingRequired,
    UnexpectedParameter,
    MissingOptional,
    TypeSimple,
    TypeNested,
    TypeJava,
    TypeJavaScript,
    ValueString,
    ValueList,
    ValueDictKey,
    ValueDictValue,
    ValueListDictCount,
    ValueOthers,
    DictUnclear,
    ListDictUnclear,
    IrrelevanceDecoderSuccess,
    RelevanceDecoderFailed,
    AgenticInferenceError,
    AgenticNoLastMessage,
    AgenticAnswerNotFound,
    MultiTurnInferenceError,
    MultiTurnForceTerminated,
    MultiTurnEmptyTurn,
    MultiTurnStateMismatch,
    MultiTurnResponseMismatch,
    /// A call used up its fuel, memory or stack; upstream would not return.
    MultiTurnLimit,
    /// A call ended the interpreter, or its state could not be read.
    MultiTurnCrashed,
}

impl ErrorType {
    /// The name that upstream writes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DecoderFailed => "ast_decoder:decoder_failed",
            Self::DecoderWrongOutputFormat => "ast_decoder:decoder_wrong_output_format",
            Self::SimpleWrongCount => "simple_function_checker:wrong_count",
            Self::MultipleWrongCount => "multiple_function_checker:wrong_count",
            Self::ParallelWrongCount => "parallel_function_checker_no_order:wrong_count",
            Self::ParallelCannotFindMatch => "parallel_function_checker_no_order:cannot_find_match",
            Self::WrongFunctionName => "simple_function_checker:wrong_func_name",
            Self::MissingRequired => "simple_function_checker:missing_required",
            Self::UnexpectedParameter => "simple_function_checker:unexpected_param",
            Self::MissingOptional => "simple_function_checker:missing_optional",
            Self::TypeSimple => "type_error:simple",
            Self::TypeNested => "type_error:nested",
            Self::TypeJava => "type_error:java",
            Self::TypeJavaScript => "type_error:js",
            Self::ValueString => "value_error:string",
            Self::ValueList => "value_error:list/tuple",
            Self::ValueDictKey => "value_error:dict_key",
            Self::ValueDictValue => "value_error:dict_value",
            Self::ValueListDictCount => "value_error:list_dict_count",
            Self::ValueOthers => "value_error:others",
            Self::DictUnclear => "dict_checker:unclear",
            Self::ListDictUnclear => "list_dict_checker:unclear",
            Self::IrrelevanceDecoderSuccess => "irrelevance_error:decoder_success",
            Self::RelevanceDecoderFailed => "relevance_error:decoder_failed",
            Self::AgenticInferenceError => "agentic:inference_error",
            Self::AgenticNoLastMessage => "agentic:no_last_message",
            Self::AgenticAnswerNotFound => "agentic:answer_not_found",
            Self::MultiTurnInferenceError => "multi_turn:inference_error",
            Self::MultiTurnForceTerminated => "multi_turn:force_terminated",
            Self::MultiTurnEmptyTurn => "multi_turn:empty_turn_model_response",
            Self::MultiTurnStateMismatch => "multi_turn:instance_state_mismatch",
            Self::MultiTurnResponseMismatch => "multi_turn:execution_response_mismatch",
            Self::MultiTurnLimit => "multi_turn:limit_exceeded",
            Self::MultiTurnCrashed => "multi_turn:crashed",
        }
    }
}
