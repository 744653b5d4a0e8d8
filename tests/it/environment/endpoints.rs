//! Which hosts are called: FIPS, dual stack, and endpoints of one's own for all services or for one.

use super::*;
use crate::common::scene::REGION;

/// What names the endpoint of each service that we use.
const SERVICES: [&str; 7] = [
    "LAMBDA",
    "ECR",
    "CLOUDWATCH",
    "APPLICATION_AUTO_SCALING",
    "CLOUDWATCH_LOGS",
    "RESOURCE_GROUPS_TAGGING_API",
    "STS",
];
const DEAD: &str = "http://127.0.0.1:9";

#[tokio::test(flavor = "multi_thread")]
async fn fips_and_dual_stack_endpoints_are_called_where_they_are_asked_for() {
    let site = Site::new().await;
    let (proxy, ca) = (site.gateway.url(), site.ca());
    let way = [("HTTPS_PROXY", proxy.as_str()), ("AWS_CA_BUNDLE", &ca)];
    let text = "[default]\nuse_dualstack_endpoint = true\n[profile both]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\n";
    let config = site.file("config", text);
    let config = ("AWS_CONFIG_FILE", config.to_str().unwrap());
    for (more, host) in [
        (&[("AWS_USE_FIPS_ENDPOINT", "true")][..], format!("lambda-fips.{REGION}.amazonaws.com")),
        (&[("AWS_USE_DUALSTACK_ENDPOINT", "true")], format!("lambda.{REGION}.api.aws")),
        (&[config], format!("lambda.{REGION}.api.aws")),
        (&[config, ("AWS_PROFILE", "both")], format!("lambda-fips.{REGION}.api.aws")),
        (&[("AWS_REGION", "eusc-de-east-1")], "lambda.eusc-de-east-1.amazonaws.eu".into()),
    ] {
        ended(site.plan(&[&way[..], more].concat())).await;
        let hosts = site.gateway.tunnels();
        assert!(hosts.contains(&host), "{more:?} {hosts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_may_have_an_endpoint_of_its_own() {
    let site = Site::new().await;
    let here = site.scene.sim.url();
    let names: Vec<String> = SERVICES.iter().map(|it| format!("AWS_ENDPOINT_URL_{it}")).collect();
    let all = |endpoint| names.iter().map(move |it| (it.as_str(), endpoint)).collect::<Vec<_>>();
    site.plans(&[&all(here.as_str())[..], &[("AWS_ENDPOINT_URL", DEAD)]].concat()).await;
    // The profile's section of services, and its endpoint for all.
    let section = |url| {
        let one = |it: &&str| format!("{} =\n  endpoint_url = {url}\n", it.to_lowercase());
        SERVICES.iter().map(one).collect::<String>()
    };
    let text = format!(
        "[default]\nservices = here\nendpoint_url = {DEAD}\n[services here]\n{}[profile all]\nendpoint_url = {here}\n",
        section(&here)
    );
    let config = site.file("config", &text);
    let config = ("AWS_CONFIG_FILE", config.to_str().unwrap());
    site.plans(&[config]).await;
    site.plans(&[config, ("AWS_PROFILE", "all")]).await;
    // All of them are left out of account.
    let (proxy, ca) = (site.gateway.url(), site.ca());
    let way = [("HTTPS_PROXY", proxy.as_str()), ("AWS_CA_BUNDLE", &ca)];
    let ignored =
        [config, ("AWS_ENDPOINT_URL", DEAD), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
    site.plans(&[&way[..], &ignored].concat()).await;
    assert!(site.gateway.tunnels().contains(&format!("lambda.{REGION}.amazonaws.com")));
}

/// An emulator needs no account id, since nothing real can break: not if one of the services is a real one.
#[tokio::test(flavor = "multi_thread")]
async fn one_real_service_beside_an_emulator_is_no_emulator() {
    let site = Site::new().await;
    let here = site.scene.sim.url();
    let real = format!("http://0.0.0.0:{}", site.scene.sim.addr.port());
    let folder = site.scene.manifests();
    let apply = |more: &[(&str, &str)]| {
        let mut command = site.command(&["apply", folder.to_str().unwrap()]);
        command.env("AWS_ENDPOINT_URL", &here).envs(more.iter().copied());
        command
    };
    let (code, text) = ended(apply(&[("AWS_ENDPOINT_URL_LAMBDA", &real)])).await;
    assert!(code == 2 && text.contains("--account-id"), "{code} {text}");
    assert_eq!(site.scene.writes(), 0);
    let (code, text) = ended(apply(&[("AWS_ENDPOINT_URL_LAMBDA", &here)])).await;
    assert_eq!(code, 0, "{text}");
}

/// Who calls stands in the user agent: Evenkeel as a library, and the operator's own name for it.
#[tokio::test(flavor = "multi_thread")]
async fn the_application_id_stands_in_the_user_agent() {
    let site = Site::new().await;
    let endpoint = format!("http://0.0.0.0:{}", site.scene.sim.addr.port());
    let proxy = site.gateway.url();
    let way = [("HTTP_PROXY", proxy.as_str()), ("AWS_ENDPOINT_URL", &endpoint)];
    site.plans(&[&way[..], &[("AWS_SDK_UA_APP_ID", "team-deploys")]].concat()).await;
    let config = site.file("config", "[default]\nsdk_ua_app_id = of-the-profile\n");
    site.plans(&[&way[..], &[("AWS_CONFIG_FILE", config.to_str().unwrap())]].concat()).await;
    let heads = site.gateway.heads().concat();
    for part in ["lib/evenkeel", "app/team-deploys", "app/of-the-profile"] {
        assert!(heads.contains(part), "{part} {heads}");
    }
}
