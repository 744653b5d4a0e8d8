//! GetFunctionUrlConfig, and the calls that change one.

use aws_sdk_lambda::{
    operation::{
        get_function::GetFunctionOutput, get_function_url_config::GetFunctionUrlConfigOutput,
    },
    types::{Cors as LambdaCors, FunctionUrlAuthType, InvokeMode},
};

use super::{BUFFERED, Call as Step, Config, Cors, PUBLIC, Url, extra};
use crate::{
    aws::{
        calls::Call,
        missing::optional,
        op::{Bucket, Op},
    },
    engine::failure::Failure,
    kinds::{
        block::{
            At, Extra,
            aws::{Connection, FacetClient, FacetQuery, Others, PAGES_MAX, Read},
        },
        part::UrlGrants,
    },
};

impl FacetClient for Url {
    /// The URL, and whether another alias or version has one.
    const READ_COSTS: &'static [(Bucket, f64)] = &[(Bucket::Lambda, 2.0)];

    async fn read(
        connection: &Connection,
        _: &GetFunctionOutput,
        FacetQuery { at, priority, .. }: FacetQuery<'_, Self>,
    ) -> Read<Config> {
        let request = connection
            .lambda()
            .get_function_url_config()
            .function_name(at.function.as_str())
            .set_qualifier(at.qualifier.clone())
            .send();
        let call = Call::plain(Op::GetFunctionUrlConfig, priority);
        let (answer, at) = connection.calls.find(call, request).await;
        let config = answer.map(|it| it.map(config));
        (config, Some(at))
    }

    fn place(call: &Step) -> Option<&At> {
        let (Step::Create(at, _) | Step::Update(at, _) | Step::Delete(at)) = call;
        Some(at)
    }

    /// Finds public URLs at other places: the function itself and each alias may have a URL, and
    /// one list shows all of them.
    async fn elsewhere(
        connection: &Connection,
        others: Others<'_>,
    ) -> Result<Vec<Extra<Step>>, Failure> {
        let mut all = Vec::new();
        let request = |marker| {
            let request = connection.lambda().list_function_url_configs();
            request.function_name(others.function.as_str()).set_marker(marker).send()
        };
        let op = Op::ListFunctionUrlConfigs;
        let mut list = connection.calls.list(op, others.priority, PAGES_MAX);
        while let Some((page, _)) = optional(list.next(request).await)?.flatten() {
            let public = page.function_url_configs.into_iter();
            let public = public.filter(|it| it.auth_type.as_str() == PUBLIC);
            let places = public.filter_map(|it| others.at(qualifier(&it.function_arn)));
            all.extend(places.map(|at| extra(&at).elsewhere(&at)));
        }
        Ok(all)
    }

    async fn write(connection: &Connection, step: &Step) -> Result<(), Failure> {
        let lambda = connection.lambda();
        match step {
            Step::Create(at, config) => {
                let request = lambda
                    .create_function_url_config()
                    .function_name(at.function.as_str())
                    .set_qualifier(at.qualifier.clone())
                    .auth_type(auth(config))
                    .invoke_mode(mode(config))
                    .set_cors((config.cors != Cors::default()).then(|| sent(&config.cors)));
                connection.calls.write(Op::CreateFunctionUrlConfig, request.send()).await
            }
            Step::Update(at, config) => {
                let request = lambda
                    .update_function_url_config()
                    .function_name(at.function.as_str())
                    .set_qualifier(at.qualifier.clone())
                    .auth_type(auth(config))
                    .invoke_mode(mode(config))
                    .cors(sent(&config.cors));
                connection.calls.write(Op::UpdateFunctionUrlConfig, request.send()).await
            }
            Step::Delete(at) => {
                let request = lambda
                    .delete_function_url_config()
                    .function_name(at.function.as_str())
                    .set_qualifier(at.qualifier.clone());
                connection.calls.write(Op::DeleteFunctionUrlConfig, request.send()).await
            }
        }
    }
}

/// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, and an alias perhaps.
fn qualifier(arn: &str) -> Option<String> {
    arn.split(':').nth(7).map(ToOwned::to_owned)
}

/// Reads a URL's configuration, with Lambda's defaults for what is left out.
fn config(found: GetFunctionUrlConfigOutput) -> Config {
    let mode = found.invoke_mode.as_ref();
    Config {
        auth_type: found.auth_type.as_str().to_owned(),
        // Some answers leave it out; emulators write it in their own way.
        invoke_mode: match mode {
            Some(InvokeMode::ResponseStream) => "RESPONSE_STREAM".into(),
            _ => BUFFERED.into(),
        },
        cors: found.cors.map(cors).unwrap_or_default(),
        grants: UrlGrants::default(),
    }
}

fn auth(config: &Config) -> FunctionUrlAuthType {
    FunctionUrlAuthType::from(config.auth_type.as_str())
}

fn mode(config: &Config) -> InvokeMode {
    InvokeMode::from(config.invoke_mode.as_str())
}

/// Reads `cors`; what is left out is empty.
fn cors(found: LambdaCors) -> Cors {
    let set = |list: Option<Vec<String>>| list.unwrap_or_default().into_iter().collect();
    Cors {
        allow_credentials: found.allow_credentials.unwrap_or_default(),
        allow_headers: set(found.allow_headers),
        allow_methods: set(found.allow_methods),
        allow_origins: set(found.allow_origins),
        expose_headers: set(found.expose_headers),
        max_age: found.max_age.unwrap_or_default(),
    }
}

/// Builds all of `cors`, empty members too: what is left out of an update would stay.
fn sent(cors: &Cors) -> LambdaCors {
    let Cors {
        allow_credentials,
        allow_headers,
        allow_methods,
        allow_origins,
        expose_headers,
        max_age,
    } = cors;
    let list = |set: &std::collections::BTreeSet<String>| Some(set.iter().cloned().collect());
    LambdaCors::builder()
        .allow_credentials(*allow_credentials)
        .set_allow_headers(list(allow_headers))
        .set_allow_methods(list(allow_methods))
        .set_allow_origins(list(allow_origins))
        .set_expose_headers(list(expose_headers))
        .max_age(*max_age)
        .build()
}
