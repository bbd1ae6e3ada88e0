# shellcheck shell=sh
# Sourced by the scripts beside it, with $root set: brings the Bun that package.json pins, and the dependencies.
# Needs Node and npm, nothing else. What it installs stays inside the checkout, in .bun/ and node_modules/.

# Version of the Bun in .bun/, empty where it is missing or does not run.
installed_bun() {
  "$root/.bun/node_modules/.bin/bun" --version 2>/dev/null || :
}

# Installs the pinned Bun unless it is there, and puts it first in PATH.
bring_bun() {
  bun_version=$(sed -n 's/.*"packageManager": *"bun@\([^"+]*\).*/\1/p' "$root/package.json")
  if [ -z "$bun_version" ]; then
    echo "package.json names no Bun: expected \"packageManager\": \"bun@VERSION\"." >&2
    return 1
  fi
  if [ "$(installed_bun)" != "$bun_version" ]; then
    if ! command -v npm >/dev/null 2>&1; then
      echo "npm was not found. Install Node with npm, then run this again." >&2
      return 1
    fi
    echo "Installing Bun $bun_version into .bun/ …" >&2
    mkdir -p "$root/.bun" || return 1
    npm install --no-save --no-package-lock --no-audit --no-fund --no-update-notifier --loglevel=error \
      --prefix "$root/.bun" "bun@$bun_version" >&2 || :
    # npm may have been told not to run install scripts; this is the one that Bun needs.
    if [ "$(installed_bun)" != "$bun_version" ] && [ -f "$root/.bun/node_modules/bun/install.js" ]; then
      (cd "$root/.bun/node_modules/bun" && node install.js) >&2 || :
    fi
  fi
  if [ "$(installed_bun)" != "$bun_version" ]; then
    echo "Bun $bun_version could not be installed into .bun/; what npm said stands above." >&2
    return 1
  fi
  PATH="$root/.bun/node_modules/.bin:$PATH"
  export PATH
}

# Bun, then the dependencies as the lock file has them.
bring_tools() {
  bring_bun && (cd "$root" && bun install --frozen-lockfile) >&2
}
