//! The services that Lambda polls: what a mapping has by default, and what it may have.

use serde_json::{Value, json};

use crate::call::Refusal;

/// What can be said of a mapping only when it is made.
pub(super) const ONCE: &[&str] = &[
    "EventSourceArn",
    "StartingPosition",
    "StartingPositionTimestamp",
    "Topics",
    "Queues",
    "SelfManagedEventSource",
    "Tags",
];

/// Kafka that AWS does not run.
const SELF_MANAGED: &str = "self-managed kafka";

/// The way in that can be chosen only once.
const VIRTUAL_HOST: &str = "VIRTUAL_HOST";

/// Whole numbers: where, the smallest, the largest.
const NUMBERS: &[(&[&str], i64, i64)] = &[
    (&["BatchSize"], 1, 10_000),
    (&["MaximumBatchingWindowInSeconds"], 0, 300),
    (&["ParallelizationFactor"], 1, 10),
    (&["MaximumRecordAgeInSeconds"], -1, 604_800),
    (&["MaximumRetryAttempts"], -1, 10_000),
    (&["TumblingWindowInSeconds"], 0, 900),
    (&["ScalingConfig", "MaximumConcurrency"], 2, 1000),
    (&["ProvisionedPollerConfig", "MinimumPollers"], 1, 200),
    (&["ProvisionedPollerConfig", "MaximumPollers"], 1, 10_000),
];

/// Members that only some services have.
const ONLY: &[(&str, &[&str])] = &[
    ("StartingPosition", &["kinesis", "dynamodb", "kafka", "rds", SELF_MANAGED]),
    ("ParallelizationFactor", &["kinesis", "dynamodb"]),
    ("TumblingWindowInSeconds", &["kinesis", "dynamodb"]),
    ("MaximumRecordAgeInSeconds", &["kinesis", "dynamodb", "kafka"]),
    ("MaximumRetryAttempts", &["kinesis", "dynamodb", "kafka"]),
    ("BisectBatchOnFunctionError", &["kinesis", "dynamodb", "kafka"]),
    ("DestinationConfig", &["kinesis", "dynamodb", "kafka"]),
    ("ScalingConfig", &["sqs"]),
    ("ProvisionedPollerConfig", &["sqs", "kafka"]),
    ("Topics", &["kafka", SELF_MANAGED]),
    ("Queues", &["mq"]),
    ("DocumentDBEventSourceConfig", &["rds"]),
    ("AmazonManagedKafkaEventSourceConfig", &["kafka"]),
];

/// Where in a stream a mapping begins.
const STARTS: [&str; 3] = ["LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"];

/// One service.
pub(super) struct Service<'a> {
    name: &'a str,
    fifo: bool,
}

/// The service of an ARN, if Lambda polls it.
pub(super) fn of(arn: &str) -> Result<Service<'_>, Refusal> {
    let name = arn.split(':').nth(2).unwrap_or_default();
    if !["sqs", "kinesis", "dynamodb", "kafka", "mq", "rds"].contains(&name) {
        return Err(Refusal::invalid(
            "Unrecognized event source, must be kinesis, dynamodb stream, sqs, kafka, mq or documentdb.",
        ));
    }
    Ok(Service { name, fifo: arn.rsplit('.').next() == Some("fifo") })
}

/// The service of a mapping: by its ARN, or Kafka that AWS does not run, which has none.
pub(super) fn of_mapping(shown: &Value) -> Result<Service<'_>, Refusal> {
    if shown["SelfManagedEventSource"]["Endpoints"].is_object() {
        return Ok(Service { name: SELF_MANAGED, fifo: false });
    }
    of(shown["EventSourceArn"].as_str().unwrap_or_default())
}

impl Service<'_> {
    /// Who changed a mapping, in the words of the two sorts of sources.
    pub(super) fn reason(&self) -> &'static str {
        match self.name {
            "kinesis" | "dynamodb" => "User action",
            _ => "USER_INITIATED",
        }
    }

    /// What Lambda shows of a mapping of which nothing is said.
    pub(super) fn fill_in(&self, shown: &mut Value) {
        let mut put = |name: &str, value: Value| shown[name] = value;
        put("BatchSize", json!(if self.name == "sqs" { 10 } else { 100 }));
        if matches!(self.name, "sqs" | "kinesis" | "dynamodb") {
            put("MaximumBatchingWindowInSeconds", json!(0));
            put("FunctionResponseTypes", json!([]));
        }
        if matches!(self.name, "kinesis" | "dynamodb") {
            put("ParallelizationFactor", json!(1));
            put("TumblingWindowInSeconds", json!(0));
            put("LastProcessingResult", json!("No records processed"));
        }
        if matches!(self.name, "kinesis" | "dynamodb" | "kafka") {
            put("MaximumRecordAgeInSeconds", json!(-1));
            put("MaximumRetryAttempts", json!(-1));
            put("BisectBatchOnFunctionError", json!(false));
            put("DestinationConfig", json!({ "OnFailure": {} }));
        }
        if self.name == "kafka" {
            put(
                "AmazonManagedKafkaEventSourceConfig",
                json!({ "ConsumerGroupId": "a-group-of-lambdas-own" }),
            );
        }
    }

    /// Puts in the number of pollers that is not said: Lambda makes it up, for a queue another one (Lambda API reference,
    /// ProvisionedPollerConfig).
    pub(super) fn complete(&self, shown: &mut Value) {
        let given = &shown["ProvisionedPollerConfig"];
        if given.is_null() {
            return;
        }
        let number = |name: &str, usual: i64| given[name].as_i64().unwrap_or(usual);
        let minimum = number("MinimumPollers", self.fewest_pollers());
        let maximum = number("MaximumPollers", 200.max(minimum));
        shown["ProvisionedPollerConfig"] =
            json!({ "MinimumPollers": minimum, "MaximumPollers": maximum });
    }

    fn fewest_pollers(&self) -> i64 {
        if self.name == "sqs" { 2 } else { 1 }
    }

    /// What Lambda refuses of pollers, and of Kafka without them. The words are not AWS's.
    fn check_pollers(&self, shown: &Value) -> Result<(), Refusal> {
        let pollers = &shown["ProvisionedPollerConfig"];
        let number = |name: &str| pollers[name].as_i64();
        let few = |it: i64| it < self.fewest_pollers();
        let numbers = ["MinimumPollers", "MaximumPollers"].map(number);
        let many = self.name == "kafka" && numbers[1].is_some_and(|it| it > 2000);
        if many || numbers.into_iter().flatten().any(few) {
            return Err(Refusal::invalid("Invalid number of pollers for the event source."));
        }
        let least = |name: &str| shown[name].as_i64().is_some_and(|it| it >= 0);
        let asked = least("MaximumRetryAttempts")
            || least("MaximumRecordAgeInSeconds")
            || shown["BisectBatchOnFunctionError"] == true
            || shown["FunctionResponseTypes"].as_array().is_some_and(|it| !it.is_empty());
        if self.name == "kafka" && pollers.is_null() && asked {
            let text = "Error handling of Kafka is supported in provisioned mode only.";
            return Err(Refusal::invalid(text));
        }
        Ok(())
    }

    /// What Lambda refuses of a whole mapping.
    pub(super) fn check(&self, shown: &Value) -> Result<(), Refusal> {
        for (path, smallest, largest) in NUMBERS {
            let value = path.iter().fold(shown, |value, name| &value[*name]).as_i64();
            if value.is_some_and(|it| it < *smallest || it > *largest) {
                let text = format!("Member must have value between {smallest} and {largest}");
                let field = path.last().copied().unwrap_or_default();
                return Err(Refusal::constraint(
                    field,
                    &value.unwrap_or_default().to_string(),
                    &text,
                ));
            }
        }
        let start = shown["StartingPosition"].as_str();
        if let Some(other) = start.filter(|it| !STARTS.contains(it)) {
            let text = format!("Member must satisfy enum value set: [{}]", STARTS.join(", "));
            return Err(Refusal::constraint("startingPosition", other, &text));
        }
        let wrong = |(name, services): &&(&str, &[&str])| {
            !shown[*name].is_null() && !services.contains(&self.name)
        };
        if let Some((name, _)) = ONLY.iter().find(wrong) {
            return Err(Refusal::invalid(format!(
                "Unsupported {name} for given event source mapping type."
            )));
        }
        let number = |name: &str| shown[name].as_i64().unwrap_or_default();
        if matches!(self.name, "kinesis" | "dynamodb" | "kafka" | "rds")
            && shown["StartingPosition"].is_null()
        {
            return Err(Refusal::invalid(
                "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
            ));
        }
        if self.name == "dynamodb" && shown["StartingPosition"] == "AT_TIMESTAMP" {
            let text = "Unsupported starting position for arn type.";
            return Err(Refusal::invalid(text));
        }
        if self.fifo && (number("BatchSize") > 10 || number("MaximumBatchingWindowInSeconds") > 0) {
            return Err(Refusal::invalid("Batching window is not supported for FIFO queues."));
        }
        if self.name == "sqs"
            && number("BatchSize") > 10
            && number("MaximumBatchingWindowInSeconds") == 0
        {
            return Err(Refusal::invalid(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
            ));
        }
        if (0..60).contains(&shown["MaximumRecordAgeInSeconds"].as_i64().unwrap_or(-1)) {
            return Err(Refusal::invalid("MaximumRecordAgeInSeconds must be -1 or at least 60."));
        }
        self.check_pollers(shown)
    }
}

/// What a member becomes; `None`: it is gone.
pub(super) fn cleared(name: &str, value: &Value) -> Result<Option<Value>, Refusal> {
    let empty = |it: &Value| {
        it.as_object().is_some_and(serde_json::Map::is_empty) || it.as_str() == Some("")
    };
    match name {
        "DestinationConfig" => match &value["OnFailure"]["Destination"] {
            Value::Null if !empty(value) => Err(Refusal::invalid(
                "The Destination field is required for an OnFailure configuration.",
            )),
            Value::String(it) if !it.is_empty() => Ok(Some(value.clone())),
            _ => Ok(Some(json!({ "OnFailure": {} }))),
        },
        "FilterCriteria" if value["Filters"].as_array().is_some_and(Vec::is_empty) => Ok(None),
        _ => Ok((!empty(value)).then(|| value.clone())),
    }
}

/// Replaces the ways in, but for the virtual host of a broker, which stays what it was.
pub(super) fn let_in(shown: &mut Value, given: &Value) {
    let host = |it: &&Value| it["Type"] == VIRTUAL_HOST;
    let kept = shown["SourceAccessConfigurations"].as_array().into_iter().flatten().find(host);
    let kept = kept.cloned();
    let given = given.as_array().into_iter().flatten();
    let ways: Vec<Value> = match kept {
        Some(kept) => given.filter(|it| !host(it)).cloned().chain([kept]).collect(),
        None => given.cloned().collect(),
    };
    shown["SourceAccessConfigurations"] = ways.into();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_checked_as_a_whole() {
        let check = |arn: &str, body: Value| {
            let service = of(arn)?;
            let mut shown = json!({});
            service.fill_in(&mut shown);
            for (name, value) in body.as_object().into_iter().flatten() {
                shown[name] = value.clone();
            }
            service.check(&shown)
        };
        let queue = "arn:aws:sqs:eu-west-1:123456789012:a";
        let fifo = "arn:aws:sqs:eu-west-1:123456789012:a.fifo";
        let stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/a";
        assert!(check(queue, json!({})).is_ok());
        assert!(check(queue, json!({ "BatchSize": 11 })).is_err());
        let window = json!({ "BatchSize": 11, "MaximumBatchingWindowInSeconds": 1 });
        assert!(check(queue, window.clone()).is_ok() && check(fifo, window).is_err());
        assert!(check(queue, json!({ "StartingPosition": "LATEST" })).is_err());
        assert!(check(stream, json!({})).is_err());
        assert!(check(stream, json!({ "StartingPosition": "LATEST" })).is_ok());
        assert!(check("arn:aws:s3:::a", json!({})).is_err());
        let topic = "arn:aws:kafka:eu-west-1:123456789012:cluster/c/0-1";
        let kafka = |mut body: Value| {
            body["StartingPosition"] = "LATEST".into();
            check(topic, body)
        };
        let pollers = |it: i64| json!({ "MinimumPollers": it, "MaximumPollers": it });
        assert!(check(queue, json!({ "ProvisionedPollerConfig": pollers(1) })).is_err());
        assert!(check(queue, json!({ "ProvisionedPollerConfig": pollers(2) })).is_ok());
        assert!(kafka(json!({ "ProvisionedPollerConfig": pollers(1) })).is_ok());
        assert!(kafka(json!({ "ProvisionedPollerConfig": { "MaximumPollers": 2001 } })).is_err());
        assert!(kafka(json!({ "MaximumRetryAttempts": -1 })).is_ok());
        assert!(kafka(json!({ "MaximumRetryAttempts": 1 })).is_err());
        let retries = json!({ "MaximumRetryAttempts": 1, "ProvisionedPollerConfig": pollers(1) });
        assert!(kafka(retries).is_ok());
    }

    #[test]
    fn empty_structs_take_away() {
        assert_eq!(cleared("ScalingConfig", &json!({})), Ok(None));
        assert_eq!(cleared("FilterCriteria", &json!({})), Ok(None));
        let end = json!({ "OnFailure": {} });
        assert!(cleared("DestinationConfig", &end).is_err());
        let empty = json!({ "OnFailure": { "Destination": "" } });
        assert_eq!(cleared("DestinationConfig", &empty), Ok(Some(end)));
    }
}
