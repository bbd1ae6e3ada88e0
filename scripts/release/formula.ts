/** The Homebrew formula: which archive for which machine, each with its checksum. */
import { type About, downloadUrl, homepage, SUMMARY } from "./about.ts";
import { archiveName, TARGETS, type TargetId } from "./targets.ts";

/** `sums`: the checksum of each file of the release. Throws if an archive has none. */
export function formula(about: About, sums: ReadonlyMap<string, string>): string {
  const source = (id: TargetId): string => {
    const target = TARGETS.find((each) => each.id === id);
    const file = target ? archiveName(target, about.version) : "";
    const sum = sums.get(file);
    if (sum === undefined) throw new Error(`There is no checksum of ${file || id}.`);
    return `      url "${downloadUrl(about, file)}"\n      sha256 "${sum}"`;
  };
  return `# Made by \`bun run release\`; changes belong into scripts/release/formula.ts.
class WorkflowOrchestrator < Formula
  desc "${SUMMARY}"
  homepage "${homepage(about)}"
  version "${about.version}"
  license "${about.license}"

  on_macos do
    on_arm do
${source("darwin-arm64")}
    end
    on_intel do
${source("darwin-x64")}
    end
  end

  on_linux do
    on_arm do
${source("linux-arm64")}
    end
    on_intel do
${source("linux-x64")}
    end
  end

  def install
    bin.install "orchestrator"
  end

  test do
    assert_equal version.to_s, shell_output("#{bin}/orchestrator --version").strip
  end
end
`;
}
