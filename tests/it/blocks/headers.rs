//! Names of headers: HTTP knows no case in them.

use super::*;

const CORS: &str = "
  url:
    authType: AWS_IAM
    cors:
      allowOrigins: [https://example.org]
      allowMethods: [GET, POST]
      allowHeaders: [Content-Type, Authorization, X-Request-Id]
      exposeHeaders: [X-Request-Id]
";

#[tokio::test(flavor = "multi_thread")]
async fn headers_in_another_case_are_the_same() {
    let scene = Scene::new().await;
    scene.manifest(CORS);
    scene.apply().await;
    // They are sent as they are written.
    let shown = || scene.lambda("GetFunctionUrlConfig", None, Value::Null)["Cors"].clone();
    assert!(shown()["AllowHeaders"].to_string().contains("X-Request-Id"), "{}", shown());
    let rewrite = |members: &Value| {
        let cors = crate::common::over(shown(), members);
        scene.lambda("UpdateFunctionUrlConfig", None, json!({ "Cors": cors }));
    };
    rewrite(&json!({
        "AllowHeaders": ["content-type", "AUTHORIZATION", "x-request-id"],
        "ExposeHeaders": ["x-request-id"],
    }));
    scene.assert_quiet().await;
    // The manifest may change its spelling too.
    scene.manifest(&CORS.replace("Content-Type", "CONTENT-type"));
    scene.assert_quiet().await;
    // Another header is another one, and only that field is told.
    rewrite(&json!({ "AllowHeaders": ["content-type"] }));
    let (code, text) = scene.planned(&[]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("/url/cors/allowHeaders") && !text.contains("exposeHeaders"), "{text}");
    // Origins are compared as browsers compare them: by each letter.
    scene.apply().await;
    rewrite(&json!({ "AllowOrigins": ["https://EXAMPLE.org"] }));
    let (_, text) = scene.planned(&[]).await;
    assert!(text.contains("/url/cors/allowOrigins"), "{text}");
}
