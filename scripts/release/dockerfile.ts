/**
 * The image: the executable for glibc, and of a Debian the files that it needs, named one by one. No shell, no package
 * manager, no program beside it. Nothing is run while it is built, so that one machine builds it for both processors.
 */
import { type About, homepage, registryName, SUMMARY, TITLE } from "./about.ts";

/** The loader at the path that the executable names, and the libraries that it asks for. */
const LIBRARIES = ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2"];
const PROCESSORS = [
  {
    docker: "amd64",
    id: "linux-x64",
    directory: "/lib/x86_64-linux-gnu",
    loader: "ld-linux-x86-64.so.2",
    at: "/lib64/",
  },
  {
    docker: "arm64",
    id: "linux-arm64",
    directory: "/lib/aarch64-linux-gnu",
    loader: "ld-linux-aarch64.so.1",
    at: "/lib/",
  },
] as const;
/** An id that belongs to nobody. */
const USER = "65532:65532";

/** Its context is the directory of the release. */
export function dockerfile(about: About): string {
  const stages = PROCESSORS.map(({ docker, id, directory, loader, at }) => {
    const libraries = LIBRARIES.map((name) => `${directory}/${name}`).join(" ");
    return `FROM scratch AS ${docker}
COPY --from=libc ${directory}/${loader} ${at}
COPY --from=libc ${libraries} ${directory}/
COPY bin/${id}/orchestrator /usr/bin/orchestrator
`;
  });
  return `# Made by \`bun run release\`; changes belong into scripts/release/dockerfile.ts.
FROM debian:bookworm-slim AS libc

${stages.join("\n")}
FROM \${TARGETARCH}
LABEL org.opencontainers.image.title="${TITLE}" \\
      org.opencontainers.image.description="${SUMMARY}" \\
      org.opencontainers.image.version="${about.version}" \\
      org.opencontainers.image.licenses="${about.license}" \\
      org.opencontainers.image.source="${homepage(about)}" \\
      io.modelcontextprotocol.server.name="${registryName(about)}"
COPY --chown=${USER} data /data
COPY LICENSE /usr/share/licenses/orchestrator/LICENSE
ENV HOME=/data XDG_DATA_HOME=/data TMPDIR=/data
VOLUME /data
WORKDIR /project
USER ${USER}
ENTRYPOINT ["/usr/bin/orchestrator"]
`;
}
