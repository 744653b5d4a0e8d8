//! Manifests as people write them: some twenty lines, no two alike.

use std::{fs, path::Path};

/// How many repositories a fleet's images are in.
pub const REPOSITORIES: usize = 40;

/// One manifest.
pub fn text(number: usize) -> String {
    memory(number, 128 + number % 10_000)
}

/// The same with another memory size.
pub fn memory(number: usize, memory: usize) -> String {
    format!(
        "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata:\n  name: job-{number:05}\n  labels: \
         {{ team: team-{} }}\nspec:\n  image: jobs-{}:v1\n  role: jobs\n  \
         architectures: [arm64]\n  description: \"Job number {number}: aligns, counts, plots\"\n  \
         memorySize: {memory}\n  timeout: {}\n  ephemeralStorage: {{ size: 1024 }}\n  environment:\n    \
         variables:\n      STAGE: production\n      BUCKET: results-{number}\n      LEVEL: \"{}\"\n  \
         vpcConfig:\n    subnetIds: [subnet-0a{number}, subnet-0b{number}]\n    securityGroupIds: \
         [sg-0{number}]\n  loggingConfig: {{ logFormat: JSON, systemLogLevel: WARN }}\n  tags:\n    \
         team: team-{}\n    cost-centre: \"{number}\"\n",
        number % 40,
        number % REPOSITORIES,
        1 + number % 900,
        number % 5,
        number % 40,
    )
}

/// So many, each in a file of its own; how many bytes that is.
pub fn write(folder: &Path, count: usize) -> usize {
    (0..count)
        .map(|number| {
            let text = text(number);
            fs::write(folder.join(format!("job-{number:05}.yaml")), &text).unwrap();
            text.len()
        })
        .sum()
}
