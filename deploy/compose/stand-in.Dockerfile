# The stand-in for AWS (docs/stand-in.md) as an image, for the profile `demo` alone. Build from the root
# of the repository.
FROM docker.io/library/rust:1.95.0-alpine AS builder
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
ENV RUSTUP_TOOLCHAIN=1.95.0
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    target="$(uname -m)-unknown-linux-musl" \
    && cargo build --release --locked --package evenkeel-sim --target "$target" \
    && install -m 0755 "target/$target/release/evenkeel-sim" /evenkeel-sim

FROM scratch
COPY --from=builder /evenkeel-sim /evenkeel-sim
USER 65532:65532
EXPOSE 4580
ENTRYPOINT ["/evenkeel-sim"]
CMD ["--listen", "0.0.0.0:4580"]
