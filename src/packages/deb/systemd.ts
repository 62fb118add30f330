import type { SystemdUnit } from '../package-spec.ts'

/** Pieces of shell for each maintainer script, in the order they are to run. */
export interface Snippets {
  readonly preinst: readonly string[]
  readonly postinst: readonly string[]
  readonly prerm: readonly string[]
  readonly postrm: readonly string[]
}

/** What dh_installsystemd (debhelper 13) puts into maintainer scripts, word for word. */
export function systemdSnippets(units: readonly SystemdUnit[]): Snippets {
  const enabled = units.filter(({ enable }) => enable)
  const startedAndRestarted = units.filter(({ start, restartAfterUpgrade }) => start && restartAfterUpgrade)
  const onlyRestarted = units.filter(({ start, restartAfterUpgrade }) => !start && restartAfterUpgrade)
  const onlyStarted = units.filter(({ start, restartAfterUpgrade }) => start && !restartAfterUpgrade)
  const started = units.filter(({ start }) => start)
  return {
    preinst: withUnits(onlyStarted, stopBeforeUpgrade),
    postinst: [
      ...units.map((unit) => (unit.enable ? enable(quoted([unit])) : keepEnabled(quoted([unit])))),
      ...withUnits(startedAndRestarted, restartOrStart),
      ...withUnits(onlyRestarted, tryRestart),
      ...withUnits(onlyStarted, startAfterInstall),
    ],
    prerm: withUnits(started, stopBeforeRemoval),
    postrm: [...(units.length > 0 ? [reload] : []), ...withUnits(enabled, forget)],
  }
}

function withUnits(units: readonly SystemdUnit[], snippet: (units: string) => string): string[] {
  return units.length === 0 ? [] : [snippet(quoted(units))]
}

const quoted = (units: readonly SystemdUnit[]): string =>
  units
    .map(({ unit }) => `'${unit.replaceAll("'", "'\\''")}'`)
    .sort()
    .join(' ')

const whenConfigured =
  'if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then'

const enable = (unit: string): string => `${whenConfigured}
	# The following line should be removed in trixie or trixie+1
	deb-systemd-helper unmask ${unit} >/dev/null || true

	# was-enabled defaults to true, so new installations run enable.
	if deb-systemd-helper --quiet was-enabled ${unit}; then
		# Enables the unit on first installation, creates new
		# symlinks on upgrades if the unit file has changed.
		deb-systemd-helper enable ${unit} >/dev/null || true
	else
		# Update the statefile to add new symlinks (if any), which need to be
		# cleaned up on purge. Also remove old symlinks.
		deb-systemd-helper update-state ${unit} >/dev/null || true
	fi
fi
`

const keepEnabled = (unit: string): string => `${whenConfigured}
	if deb-systemd-helper debian-installed ${unit}; then
		# The following line should be removed in trixie or trixie+1
		deb-systemd-helper unmask ${unit} >/dev/null || true

		if deb-systemd-helper --quiet was-enabled ${unit}; then
			# Create new symlinks, if any.
			deb-systemd-helper enable ${unit} >/dev/null || true
		fi
	fi

	# Update the statefile to add new symlinks (if any), which need to be cleaned
	# up on purge. Also remove old symlinks.
	deb-systemd-helper update-state ${unit} >/dev/null || true
fi
`

const restartOrStart = (units: string): string => `${whenConfigured}
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		if [ -n "$2" ]; then
			_dh_action=restart
		else
			_dh_action=start
		fi
		deb-systemd-invoke $_dh_action ${units} >/dev/null || true
	fi
fi
`

const tryRestart = (units: string): string => `${whenConfigured}
	if [ -z "\${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		if [ -n "$2" ]; then
			deb-systemd-invoke try-restart ${units} >/dev/null || true
		fi
	fi
fi
`

const startAfterInstall = (units: string): string => `${whenConfigured}
	if [ -z "\${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		deb-systemd-invoke start ${units} >/dev/null || true
	fi
fi
`

const stopBeforeUpgrade = (
  units: string,
): string => `if [ -z "\${DPKG_ROOT:-}" ] && [ "$1" = upgrade ] && [ -d /run/systemd/system ] ; then
	deb-systemd-invoke stop ${units} >/dev/null || true
fi
`

const stopBeforeRemoval = (
  units: string,
): string => `if [ -z "\${DPKG_ROOT:-}" ] && [ "$1" = remove ] && [ -d /run/systemd/system ] ; then
	deb-systemd-invoke stop ${units} >/dev/null || true
fi
`

const reload = `if [ "$1" = remove ] && [ -d /run/systemd/system ] ; then
	systemctl --system daemon-reload >/dev/null || true
fi
`

const forget = (units: string): string => `if [ "$1" = "purge" ]; then
	if [ -x "/usr/bin/deb-systemd-helper" ]; then
		deb-systemd-helper purge ${units} >/dev/null || true
	fi
fi
`
