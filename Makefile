# Everything that is run here, by people and by CI. `make help` lists it.

.PHONY: help demo check test example e2e chaos bench bless screenshots aws-model
PY := target/venv/bin/python
# What the image holds: one file that needs no other.
STATIC := cargo build --profile image --locked --no-default-features --target x86_64-unknown-linux-musl
# The example function is a package of its own, with a folder of its own for what is built.
EXAMPLE := --locked --manifest-path manifests/examples/count-bases/Cargo.toml --target-dir target/example
CHAOS := target/debug/evenkeel-chaos --jobs 4
# With parts a scene makes many more calls: on a hurried clock a busy machine would show AWS as slower than it is.
PARTS := target/debug/evenkeel-chaos --blocks --functions 12 --jobs 2 --time-scale 15

help:  ## list the targets
	@grep -E '^[a-z0-9]+: .*##' Makefile | sed 's/:.*## /\t/' | expand -t 10

demo:  ## a short story on a stand-in for AWS; Ctrl-C ends it (DEMO_SECONDS=60 ends by itself)
	@cargo run --quiet -- demo

check:  ## formatting, lints, docs, licences
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	cargo fmt --manifest-path manifests/examples/count-bases/Cargo.toml --check
	cargo clippy $(EXAMPLE) --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check licenses bans sources && \
	cargo deny --manifest-path manifests/examples/count-bases/Cargo.toml check licenses bans sources; \
	else echo "NOT RUN: cargo deny (cargo-deny is not installed)"; fi

test:  ## unit, golden, story, law, wire and architecture tests; no network, no Python
	cargo test --workspace
	cargo test $(EXAMPLE)

example:  ## the example function as one static file with its Dockerfile, in target/example/image
	@tests/e2e/install.sh musl
	cargo build --release $(EXAMPLE) --target x86_64-unknown-linux-musl
	@mkdir -p target/example/image
	@cp target/example/x86_64-unknown-linux-musl/release/count-bases manifests/examples/count-bases/Dockerfile target/example/image/

e2e:  ## the real binary against moto, the stand-in, Prometheus and a browser; installs what it needs
	@tests/e2e/install.sh prometheus page registry deploy musl shells
	cargo build --workspace
	$(STATIC)
	@$(MAKE) --no-print-directory example
	$(PY) -m pytest -q -rs -p no:cacheprovider tests/e2e
	$(CHAOS) --seeds 40
	$(PARTS) --seeds 12

aws-model:  ## what the newest botocore changes of the part of AWS's API that we use, against the pinned one
	@tests/e2e/install.sh
	@rm -rf target/botocore-newest
	@$(PY) -m pip install -q --disable-pip-version-check --no-deps --target target/botocore-newest botocore
	@$(PY) tests/e2e/aws_model.py target/botocore-newest

chaos:  ## the real daemon on an AWS that misbehaves, SEEDS=500 scenes from seed FROM=0
	cargo build --workspace
	$(CHAOS) --seeds $(or $(SEEDS),500) --from $(or $(FROM),0)
	$(PARTS) --seeds $(or $(SEEDS),100) --from $(or $(FROM),0)

bench:  ## speed and memory, in release mode; a table, and target/bench.json
	cargo bench --bench evenkeel

screenshots:  ## make the pictures of docs/guide anew
	@tests/e2e/install.sh page
	@cargo build --quiet -p evenkeel -p evenkeel-sim
	$(PY) tests/e2e/screenshots.py

bless:  ## accept the present output as the golden one
	UPDATE_EXPECT=1 cargo test
