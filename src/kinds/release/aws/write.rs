//! The calls that change a release.

use aws_sdk_lambda::types::AliasRoutingConfiguration;

use super::ReleaseCloud;
use crate::{
    aws::{calls::Call, cloud::Priority, op::Op},
    engine::{failure::Failure, name::Name},
    kinds::release::{
        note::{ReleaseNote, Rolling},
        step::{Publish, Route},
    },
};

/// What the description of a version that we published begins with; our id follows.
pub(super) const OURS: &str = "evenkeel ";

impl ReleaseCloud {
    /// Publishes a version of what is deployed, and keeps its number: no cheap read shows it. AWS
    /// refuses if the code or the configuration is not that which was seen.
    pub(super) async fn publish(&self, step: &Publish) -> Result<(), Failure> {
        let request =
            self.connection.lambda().publish_version().function_name(step.function.as_str());
        let request = request
            .code_sha256(&step.digest)
            // Emulators know no revisions.
            .set_revision_id(Some(step.revision.clone()).filter(|it| !it.is_empty()))
            .description(format!("{OURS}{}", step.owner));
        let call = Call::plain(Op::PublishVersion, Priority::Write);
        let (answer, _) = self.connection.calls.run(call, request.send()).await?;
        if let Some(number) = answer.version.and_then(|it| it.parse().ok()) {
            self.kept().published.insert(step.function.clone(), number);
        }
        Ok(())
    }

    /// Moves the alias, or makes it if the step has no revision. The same call writes the
    /// description, with the time at which this step of a rollout begins.
    pub(super) async fn route(&self, step: &Route) -> Result<(), Failure> {
        let now = self.connection.calls.wall();
        let rolling = step.note.rolling.map(|it| Rolling { since: now, ..it });
        let note = ReleaseNote { rolling, ..step.note.clone() };
        let share =
            |(version, percent): (u64, u32)| (version.to_string(), f64::from(percent) / 100.0);
        // An empty map takes the weights away; one that is left out keeps them.
        let weights = step.weight.map(share).into_iter().collect();
        let routing = AliasRoutingConfiguration::builder()
            .set_additional_version_weights(Some(weights))
            .build();
        let lambda = self.connection.lambda();
        let Some(revision) = &step.revision else {
            let request = lambda
                .create_alias()
                .function_name(step.function.as_str())
                .name(&step.alias)
                .function_version(step.version.to_string())
                .description(note.to_string());
            return self.connection.calls.write(Op::CreateAlias, request.send()).await;
        };
        let request = lambda
            .update_alias()
            .function_name(step.function.as_str())
            .name(&step.alias)
            .function_version(step.version.to_string())
            .description(note.to_string())
            .routing_config(routing)
            .revision_id(revision);
        self.connection.calls.write(Op::UpdateAlias, request.send()).await
    }

    pub(super) async fn delete_alias(&self, function: &Name, alias: &str) -> Result<(), Failure> {
        let request = self.connection.lambda().delete_alias().function_name(function.as_str());
        self.connection.calls.write(Op::DeleteAlias, request.name(alias).send()).await
    }

    pub(super) async fn delete_version(
        &self,
        function: &Name,
        version: u64,
    ) -> Result<(), Failure> {
        let request = self.connection.lambda().delete_function().function_name(function.as_str());
        let request = request.qualifier(version.to_string()).send();
        self.connection.calls.write(Op::DeleteFunction, request).await
    }
}
