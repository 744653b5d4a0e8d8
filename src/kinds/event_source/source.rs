//! Where events come from, by the ARN; and the names of event sources, which say it.

use std::fmt;

use crate::engine::name::Name;

/// A service that Lambda polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after what they are")]
pub enum Source {
    Queue,
    FifoQueue,
    Kinesis,
    DynamoDb,
    Kafka,
    Broker,
    DocumentDb,
    /// Kafka that AWS does not run. No document can ask for it; what others made is told of.
    SelfManagedKafka,
}

/// What stands before the servers of a Kafka cluster that AWS does not run, in the place of an ARN.
const SELF_MANAGED: &str = "kafka://";

/// What is called like an ARN here of a Kafka cluster that AWS does not run: it has none, only its servers.
pub fn self_managed(mut servers: Vec<String>) -> String {
    servers.sort();
    format!("{SELF_MANAGED}{}", servers.join(","))
}

impl Source {
    /// Tells by an ARN which service it is of; `None` if Lambda does not poll it.
    pub fn of(arn: &str) -> Option<Self> {
        if arn.starts_with(SELF_MANAGED) {
            return Some(Self::SelfManagedKafka);
        }
        match arn.split(':').nth(2)? {
            "sqs" if arn.rsplit_once('.').is_some_and(|(_, end)| end == "fifo") => {
                Some(Self::FifoQueue)
            }
            "sqs" => Some(Self::Queue),
            "kinesis" => Some(Self::Kinesis),
            "dynamodb" => Some(Self::DynamoDb),
            "kafka" => Some(Self::Kafka),
            "mq" => Some(Self::Broker),
            // The ARN of a DocumentDB cluster names RDS.
            "rds" => Some(Self::DocumentDb),
            _ => None,
        }
    }

    /// How many records a batch has unless the document says otherwise (Lambda API reference,
    /// CreateEventSourceMapping).
    pub fn batch_size(self) -> i32 {
        match self {
            Self::Queue | Self::FifoQueue => 10,
            Self::Kinesis
            | Self::DynamoDb
            | Self::Kafka
            | Self::Broker
            | Self::DocumentDb
            | Self::SelfManagedKafka => 100,
        }
    }

    /// What it is, with its article, for messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::Queue => "an SQS queue",
            Self::FifoQueue => "an SQS FIFO queue",
            Self::Kinesis => "a Kinesis stream",
            Self::DynamoDb => "a DynamoDB stream",
            Self::Kafka => "a Kafka cluster",
            Self::Broker => "an Amazon MQ broker",
            Self::DocumentDb => "a DocumentDB cluster",
            Self::SelfManagedKafka => "a Kafka cluster that AWS does not run",
        }
    }
}

/// What of AWS an event source is: events of this source go to this function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The function.
    pub function: Name,
    /// The queue, stream, cluster or broker; of a cluster that AWS does not run, [`self_managed`].
    pub arn: String,
    /// The topic of a cluster, or the queue of a broker: one of them may have many.
    pub topic: Option<String>,
}

impl Address {
    /// The object's name: `FUNCTION/ARN`, or `FUNCTION/ARN/TOPIC`.
    pub fn name(&self) -> Name {
        let Self { function, arn, topic } = self;
        match topic {
            Some(topic) => Name::new(format!("{function}/{arn}/{topic}")),
            None => Name::new(format!("{function}/{arn}")),
        }
    }

    /// The ARN by which AWS lists it, if it has one.
    pub fn listed_by(&self) -> Option<&str> {
        Some(self.arn.as_str()).filter(|it| !it.starts_with(SELF_MANAGED))
    }

    /// Where events come from, for people.
    pub fn source(&self) -> String {
        match &self.topic {
            Some(topic) => format!("{} {topic}", self.arn),
            None => self.arn.clone(),
        }
    }

    /// Takes an object's name apart (`FUNCTION/ARN`, or `FUNCTION/ARN/TOPIC`); `None` if it is no
    /// name of an event source.
    pub fn read(name: &Name) -> Option<Self> {
        let (function, rest) = name.as_str().split_once('/')?;
        let (arn, topic) = match Source::of(rest)? {
            // The ARN of a cluster has slashes of its own, and a topic has none.
            Source::Kafka | Source::SelfManagedKafka => {
                rest.rsplit_once('/').map(|(arn, topic)| (arn, Some(topic)))?
            }
            Source::Broker => rest.split_once('/').map(|(arn, queue)| (arn, Some(queue)))?,
            Source::Queue
            | Source::FifoQueue
            | Source::Kinesis
            | Source::DynamoDb
            | Source::DocumentDb => (rest, None),
        };
        let topic = topic.map(ToOwned::to_owned);
        Some(Self { function: Name::new(function), arn: arn.into(), topic })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event source of function {}: {}", self.function, self.source())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list shows the parts, a name holds them all: each must lead to the other.
    #[test]
    fn names_are_read_back() {
        for (arn, topic) in [
            ("arn:aws:sqs:eu-west-1:123456789012:orders", None),
            ("arn:aws:kinesis:eu-west-1:123456789012:stream/clicks/consumer/a:1", None),
            (
                "arn:aws:dynamodb:eu-west-1:123456789012:table/a/stream/2026-01-01T00:00:00.000",
                None,
            ),
            ("arn:aws:kafka:eu-west-1:123456789012:cluster/c/0a1b-2", Some("a.b_c-d")),
            ("arn:aws:mq:eu-west-1:123456789012:broker:b:b-0a1b", Some("a/b")),
            ("kafka://a.example.com:9092,b.example.com:9092", Some("clicks")),
            ("arn:aws:rds:eu-west-1:123456789012:cluster:documents", None),
        ] {
            let topic = topic.map(ToOwned::to_owned);
            let address = Address { function: Name::new("job"), arn: arn.into(), topic };
            assert_eq!(Address::read(&address.name()), Some(address));
        }
        assert_eq!(Address::read(&Name::new("job")), None);
        assert_eq!(Address::read(&Name::new("job/arn:aws:s3:::uploads")), None);
    }
}
