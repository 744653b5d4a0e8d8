//! Proxies, and the certificates that they show.

use serde_json::Value;

use super::*;
use crate::common::scene::REGION;

/// Where nothing listens.
const DEAD: &str = "http://127.0.0.1:9";

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_aws_go_by_the_proxy_of_the_environment() {
    let site = Site::new().await;
    let proxy = site.gateway.url().replace("http://", "http://user:p%40ss@");
    let ca = site.ca();
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let before = site.gateway.heads().len();
        site.plans(&[(variable, &proxy), ("AWS_CA_BUNDLE", &ca)]).await;
        let heads = site.gateway.heads().split_off(before);
        assert!(heads.len() >= 3, "{variable} {heads:?}");
        for head in heads {
            let head = head.to_lowercase();
            // user:p@ss
            assert!(head.contains("\r\nproxy-authorization: basic dxnlcjpwqhnz"), "{head}");
        }
    }
    let hosts = site.gateway.tunnels();
    for host in ["lambda", "api.ecr", "sts"].map(|it| format!("{it}.{REGION}.amazonaws.com")) {
        assert!(hosts.contains(&host), "{host} {hosts:?}");
    }
    // Upper case counts first.
    site.plans(&[("HTTPS_PROXY", &proxy), ("https_proxy", DEAD), ("AWS_CA_BUNDLE", &ca)]).await;
}

/// The address leads to this machine, and is none of its own names.
#[tokio::test(flavor = "multi_thread")]
async fn plain_http_goes_by_its_own_proxy_unless_no_proxy_names_the_host() {
    let site = Site::new().await;
    let endpoint = format!("http://0.0.0.0:{}", site.scene.sim.addr.port());
    let proxy = site.gateway.url();
    for variable in ["HTTP_PROXY", "http_proxy"] {
        let before = site.gateway.heads().len();
        site.plans(&[(variable, &proxy), ("AWS_ENDPOINT_URL", &endpoint)]).await;
        let heads = site.gateway.heads().split_off(before);
        let line = format!(" {endpoint}/");
        assert!(!heads.is_empty() && heads[0].contains(&line), "{variable} {heads:?}");
    }
    let before = site.gateway.heads().len();
    for passed_by in [("NO_PROXY", "example.org, 0.0.0.0"), ("no_proxy", "0.0.0.0/8")] {
        site.plans(&[("HTTP_PROXY", DEAD), ("AWS_ENDPOINT_URL", &endpoint), passed_by]).await;
    }
    // A proxy for `https` is none for `http`.
    site.plans(&[("HTTPS_PROXY", DEAD), ("AWS_ENDPOINT_URL", &endpoint)]).await;
    assert_eq!(site.gateway.heads().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_is_reached_without_a_proxy() {
    let site = Site::new().await;
    let proxies = [("HTTPS_PROXY", DEAD), ("HTTP_PROXY", DEAD), ("ALL_PROXY", DEAD)];
    let endpoint = site.scene.sim.url();
    site.plans(&[&proxies[..], &[("AWS_ENDPOINT_URL", &endpoint)]].concat()).await;
    // The daemon too, which commands ask.
    let daemon = site.scene.start();
    site.scene.until("made", |it| it.functions().contains_key("job")).await;
    for words in [&["status"][..], &["refresh", "job"]] {
        let url = site.scene.address();
        let mut command = site.command(&[words, &["--url", &url]].concat());
        command.envs(proxies);
        let (code, text) = ended(command).await;
        assert!(text.contains("job") && code < 2, "{words:?} {code} {text}");
    }
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_come_from_the_variables_the_flag_and_the_profile() {
    let site = Site::new().await;
    let (proxy, ca) = (site.gateway.url(), site.ca());
    let by_proxy = ("HTTPS_PROXY", proxy.as_str());
    site.plans(&[by_proxy, ("SSL_CERT_FILE", &ca)]).await;
    // The variable of AWS's own tools counts first.
    site.plans(&[by_proxy, ("AWS_CA_BUNDLE", &ca), ("SSL_CERT_FILE", "/nowhere")]).await;
    site.plans(&[by_proxy, ("AWS_CA_BUNDLE", ""), ("SSL_CERT_FILE", &ca)]).await;
    let config = format!("[default]\nca_bundle = {ca}\n[profile other]\nca_bundle = /nowhere\n");
    let config = site.file("config", &config);
    let config = ("AWS_CONFIG_FILE", config.to_str().unwrap());
    site.plans(&[by_proxy, config]).await;
    let (code, text) = ended(site.plan(&[by_proxy, config, ("AWS_PROFILE", "other")])).await;
    assert!(code == 2 && text.contains("/nowhere"), "{text}");
    let mut flag = site.plan(&[by_proxy, ("AWS_CA_BUNDLE", "/nowhere")]);
    flag.args(["--ca-file", &ca]);
    let (code, text) = ended(flag).await;
    assert_eq!(code, 1, "{text}");
    // Nobody trusts it by itself.
    let (code, text) = ended(site.plan(&[by_proxy])).await;
    assert!(code == 2 && text.to_lowercase().contains("certificate"), "{text}");
    // A bundle with nothing in it is told, and one bad entry among others is passed over.
    let bad = "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    let empty = site.file("bad.pem", bad);
    let (code, text) = ended(site.plan(&[("AWS_CA_BUNDLE", empty.to_str().unwrap())])).await;
    let told = "bad.pem holds no certificate that can be used; it should be in PEM";
    assert!(code == 2 && text.contains(told), "{text}");
    let both = site.file("both.pem", &(bad.to_owned() + &fs::read_to_string(&ca).unwrap()));
    site.plans(&[by_proxy, ("AWS_CA_BUNDLE", both.to_str().unwrap())]).await;
}

/// An image goes to the registry by the same proxy, with the same certificates.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_goes_by_the_proxy_too() {
    let site = Site::new().await;
    let layout = site.path("image");
    crate::registry::write(&layout, &["amd64"], b"layer");
    let words = [
        "publish",
        layout.to_str().unwrap(),
        "--repository",
        "jobs",
        "--registry",
        "https://registry.example",
    ];
    let (proxy, ca) = (site.gateway.url(), site.ca());
    for proxies in [
        &[("HTTPS_PROXY", proxy.as_str())][..],
        &[("HTTPS_PROXY", &proxy), ("ALL_PROXY", DEAD), ("HTTP_PROXY", DEAD)],
    ] {
        let before = site.gateway.heads().len();
        let mut command = site.command(&words);
        command.envs(proxies.iter().copied()).env("AWS_CA_BUNDLE", &ca);
        let (code, text) = ended(command).await;
        // The stand-in's registry wants a login: that it says so came by the proxy.
        assert!(text.contains("401") || code == 0, "{code} {text}");
        assert!(site.gateway.heads().len() > before, "{text}");
        assert!(site.gateway.tunnels().contains(&"registry.example".to_owned()), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_effect_is_told_at_the_start() {
    let site = Site::new().await;
    let endpoint = site.scene.sim.url();
    let here = ("AWS_ENDPOINT_URL", endpoint.as_str());
    let text = site.plans(&[here]).await;
    assert!(!text.contains("no effect"), "{text}");
    for (name, _) in evenkeel::cli::environment::WITHOUT_EFFECT {
        let text = site.plans(&[here, (name, "legacy")]).await;
        assert!(text.contains(&format!("warning: {name} has no effect: ")), "{text}");
    }
    // What stands in the variable may be a secret.
    let text = site.plans(&[here, ("ALL_PROXY", "socks5://user:secret@proxy:1080")]).await;
    assert!(
        text.contains("warning: ALL_PROXY has no effect: ") && !text.contains("secret"),
        "{text}"
    );
    let (_, text) = ended(site.plan(&[here, ("AWS_REGION", "nz-north-1")])).await;
    assert!(text.contains("warning: the Region `nz-north-1` is of no partition"), "{text}");
    // The daemon logs it.
    let folder = site.scene.manifests();
    let mut command =
        site.scene.hurried(&["run", folder.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    command.args(["--log-format", "json"]).env("AWS_MAX_ATTEMPTS", "9");
    let log = fs::File::create(site.scene.log_file()).unwrap();
    let daemon = command.stderr(log).spawn().unwrap();
    site.scene.until("told", |it| it.log().contains("AWS_MAX_ATTEMPTS has no effect")).await;
    let lines: Vec<Value> =
        site.scene.log().lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert!(lines.iter().any(|it| it["level"] == "WARN"), "{lines:?}");
    drop(daemon);
}
