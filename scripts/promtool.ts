import { spawnSync } from 'node:child_process'

/** Why alert rules cannot be checked here, if they cannot. */
export const withoutPromtool = (): string | false =>
  spawnSync('promtool', ['--version']).error
    ? 'promtool is not installed. Debian: apt-get install -y --no-install-recommends prometheus'
    : false
