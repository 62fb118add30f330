import type { SystemdUnit } from '../package-spec.ts'

/** What systemd units add to the scriptlets; empty strings where there is nothing to do. */
export interface SystemdSnippets {
  readonly postInstall: string
  readonly preRemove: string
  readonly postRemove: string
}

/** The three macros that packages with units use, as a distribution expands them. */
interface SystemdMacros {
  /** %systemd_post */
  readonly post: (units: string) => string
  /** %systemd_preun */
  readonly preun: (units: string) => string
  /** %systemd_postun_with_restart */
  readonly postunWithRestart: (units: string) => string
}

export function systemdSnippets(
  units: readonly SystemdUnit[],
  distribution: string | undefined,
): SystemdSnippets {
  if (units.length === 0) return { postInstall: '', preRemove: '', postRemove: '' }
  const macros = directDistribution.test(distribution ?? '') ? directMacros : helperMacros
  const all = namesOf(units)
  const restarted = namesOf(units.filter((unit) => unit.restartAfterUpgrade))
  return {
    postInstall: macros.post(all) + firstInstallation(units),
    preRemove: macros.preun(all),
    postRemove: restarted === '' ? '' : macros.postunWithRestart(restarted),
  }
}

const namesOf = (units: readonly SystemdUnit[]) => units.map(({ unit }) => unit).join(' ')

// systemd before 248 has no systemd-update-helper; RHEL 8 and its rebuilds have 239.
const directDistribution = /^(?:el|rhel|centos|rocky|almalinux|alma|ol|oraclelinux)-?8/i

const helper = '/usr/lib/systemd/systemd-update-helper'

/** systemd 248 and later: Fedora 35, RHEL 9, openSUSE Leap 15.4. */
const helperMacros: SystemdMacros = {
  post: (units) =>
    helperCall({ when: '$1 -eq 1', why: 'Initial installation', what: 'install-system-units', units }),
  preun: (units) =>
    helperCall({ when: '$1 -eq 0', why: 'Package removal, not upgrade', what: 'remove-system-units', units }),
  postunWithRestart: (units) =>
    helperCall({
      when: '$1 -ge 1',
      why: 'Package upgrade, not uninstall',
      what: 'mark-restart-system-units',
      units,
    }),
}

function helperCall({
  when,
  why,
  what,
  units,
}: {
  when: string
  why: string
  what: string
  units: string
}): string {
  return `
if [ ${when} ] && [ -x "${helper}" ]; then
    # ${why}
    ${helper} ${what} ${units} || :
fi
`
}

/** RHEL 8. */
const directMacros: SystemdMacros = {
  post: (units) => directCall('$1 -eq 1', 'Initial installation', `--no-reload preset ${units}`),
  preun: (units) =>
    directCall('$1 -eq 0', 'Package removal, not upgrade', `--no-reload disable --now ${units}`),
  postunWithRestart: (units) =>
    directCall('$1 -ge 1', 'Package upgrade, not uninstall', `try-restart ${units}`),
}

function directCall(when: string, why: string, what: string): string {
  return `
if [ ${when} ] ; then
        # ${why}
        systemctl ${what} &>/dev/null || :
fi
`
}

/**
 * The macros follow the presets of the distribution, which do not know a package from elsewhere and leave its
 * units off. So a unit that is declared to be enabled or started says so itself, once; later the administrator decides.
 */
function firstInstallation(units: readonly SystemdUnit[]): string {
  const enabled = namesOf(units.filter((unit) => unit.enable))
  const started = namesOf(units.filter((unit) => unit.start))
  let text = ''
  if (enabled !== '') {
    text += `
if [ $1 -eq 1 ] && [ -x /usr/bin/systemctl ]; then
    systemctl --no-reload enable ${enabled} >/dev/null 2>&1 || :
fi
`
  }
  if (started !== '') {
    // An image that is being built has no running systemd.
    text += `
if [ $1 -eq 1 ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload >/dev/null 2>&1 || :
    systemctl start ${started} >/dev/null 2>&1 || :
fi
`
  }
  return text
}
