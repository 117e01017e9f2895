//! Arguments of tasks in which functions are called.

use clap::{Args, ValueEnum};

use crate::backend::remote::ApiKey;
use crate::calls::{EmbeddingChoice, PageHosts, SearchApi, SearchChoice, WorldChoice};
use crate::env_vars;
use crate::error::EvalrunError;
use crate::plan::{CallsMode, CallsOverrides, ReplyFormat};

/// How functions are called.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tasks with functions, such as bfcl:simple_python")]
pub(crate) struct CallsArgs {
    /// How the model is told of functions, and calls them [default: fc at an endpoint, hermes where the
    /// embedded model's chat template knows functions, else prompting].
    #[arg(long, value_enum, value_name = "MODE")]
    calls: Option<CallsModeArg>,
    /// The format of calls in text, with --calls prompting [default: python].
    #[arg(long, value_enum, value_name = "FORMAT")]
    calls_format: Option<ReplyFormatArg>,
    /// Ask for `<TOOLCALL>` around calls in text, with --calls prompting.
    #[arg(long)]
    tool_tag: bool,
    /// The service that searches the web for `bfcl:web_search_base` and `bfcl:web_search_no_snippet`, such as
    /// `https://serpapi.com` or a SearXNG of your own. Models choose what it is asked and which pages are
    /// read then.
    #[arg(long, value_name = "URL")]
    search_base_url: Option<String>,
    /// The protocol of that service.
    #[arg(long, value_enum, value_name = "API", default_value_t = SearchApiArg::Serpapi, requires = "search_base_url")]
    search_api: SearchApiArg,
    /// The environment variable that holds its key [default: `SERPAPI_API_KEY`, if it is set].
    #[arg(long, value_name = "NAME", requires = "search_base_url")]
    search_api_key_env: Option<String>,
    /// Let models read pages of this machine and its networks too, not only of the public internet.
    #[arg(long, requires = "search_base_url")]
    private_pages: bool,
    /// The OpenAI-compatible endpoint of the embedding model behind `bfcl:memory_vector`, such as
    /// `http://localhost:8080/v1`.
    #[arg(long, value_name = "URL")]
    embedding_base_url: Option<String>,
    /// Its name there; upstream's model is all-MiniLM-L6-v2.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "all-MiniLM-L6-v2",
        requires = "embedding_base_url"
    )]
    embedding_model: String,
    /// The environment variable that holds that endpoint's key [default: none].
    #[arg(long, value_name = "NAME", requires = "embedding_base_url")]
    embedding_api_key_env: Option<String>,
}

/// Protocols of services that search the web.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SearchApiArg {
    /// SerpAPI's, which upstream uses.
    Serpapi,
    /// That of SearXNG, which must offer JSON.
    Searxng,
}

/// Ways to ask for function calls.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum CallsModeArg {
    /// As text, in the format of BFCL's system prompt.
    Prompting,
    /// By the endpoint's own tools.
    Fc,
    /// As `<tool_call>` blocks.
    Hermes,
}

/// Formats of calls in text.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReplyFormatArg {
    /// `[f(a=1)]`.
    Python,
    /// `[{"function": "f", "parameters": {"a": 1}}]`.
    Json,
    /// `<functions><function name="f"><params><param name="a" value="1" type="integer"/>…`.
    VerboseXml,
    /// `<functions><function name="f"><param name="a" type="integer">1</param>…`.
    ConciseXml,
}

impl CallsArgs {
    pub(super) fn overrides(&self) -> Result<CallsOverrides, EvalrunError> {
        Ok(CallsOverrides {
            mode: self.calls.map(|arg| match arg {
                CallsModeArg::Prompting => CallsMode::Prompting,
                CallsModeArg::Fc => CallsMode::Native,
                CallsModeArg::Hermes => CallsMode::Hermes,
            }),
            format: self.calls_format.map(|arg| match arg {
                ReplyFormatArg::Python => ReplyFormat::Python,
                ReplyFormatArg::Json => ReplyFormat::Json,
                ReplyFormatArg::VerboseXml => ReplyFormat::VerboseXml,
                ReplyFormatArg::ConciseXml => ReplyFormat::ConciseXml,
            }),
            has_tag: self.tool_tag,
            world: self.world()?,
        })
    }

    fn world(&self) -> Result<WorldChoice, EvalrunError> {
        let search = match &self.search_base_url {
            None => None,
            Some(base_url) => Some(SearchChoice {
                api: match self.search_api {
                    SearchApiArg::Serpapi => SearchApi::Serpapi,
                    SearchApiArg::Searxng => SearchApi::Searxng,
                },
                base_url: base_url.clone(),
                api_key: match &self.search_api_key_env {
                    None => env_vars::secret(env_vars::DEFAULT_SEARCH_KEY).map(ApiKey::new),
                    Some(name) => Some(key(name)?),
                },
            }),
        };
        let embedding = match &self.embedding_base_url {
            None => None,
            Some(base_url) => Some(EmbeddingChoice {
                base_url: base_url.clone(),
                model: self.embedding_model.clone(),
                api_key: self.embedding_api_key_env.as_deref().map(key).transpose()?,
            }),
        };
        let page_hosts = if self.private_pages { PageHosts::All } else { PageHosts::Public };
        Ok(WorldChoice { search, page_hosts, embedding })
    }
}

/// The key in an environment variable that has to be set.
fn key(name: &str) -> Result<ApiKey, EvalrunError> {
    let unset = || EvalrunError::Usage(format!("the environment variable {name} is not set"));
    env_vars::secret(name).map(ApiKey::new).ok_or_else(unset)
}
