/** The project of the acceptance tests: small, and with one of everything that a package can have. */
export interface ProjectChoices {
  readonly packages: readonly string[]
  readonly architectures: readonly string[]
  readonly parallel: number
  /** Where the key of hawser.yaml comes from. */
  readonly key: string
  readonly passphrase?: string
}

export function hawserYaml({ packages, architectures, parallel, key, passphrase }: ProjectChoices): string {
  const locked = passphrase === undefined ? '' : `, passphrase: '${passphrase}'`
  return `project: hello

keys:
  release:
    openpgp: { key: '${key}'${locked} }

packages:
${packages.map((name) => packageText(name, architectures)).join('\n')}
repositories:
  debian:
    apt: { suite: stable, origin: Hello }
    storage: { file: { path: repositories/debian } }
    url: https://packages.example.org/debian
    keys: [release]
  fedora:
    dnf: {}
    storage: { file: { path: repositories/fedora } }
    url: https://packages.example.org/fedora
    keys: [release]

forge:
  local: { releases: releases, tagger: 'Release Team <release@example.org>' }

release:
  tag: v\${version}
  title: Hello \${version}
  sign: release
  signTag: release

pipeline:
  parallel: ${parallel}
`
}

const packageText = (name: string, architectures: readonly string[]): string => `  ${name}:
    architectures: [${architectures.join(', ')}]
    summary: Greeting of ${name}
    description: Greets, and shows what a package can hold.
    maintainer: Release Team <release@example.org>
    homepage: https://example.org/
    license: MIT
    compression: gzip
    sign: release
    contents:
      - { from: files/greeting.txt, to: /usr/share/${name}/greeting.txt }
      - { from: files/hello.conf, to: /etc/${name}.conf, config: noreplace }
      - { from: files/hello.sh, to: /usr/bin/${name}, mode: 0755 }
      - { symlink: /usr/bin/${name}-again, target: ${name} }
    scripts: { postInstall: files/post-install.sh }
    systemd:
      - { unit: files/${name}.service }
`

const unit = (name: string): string => `[Unit]
Description=Greets as ${name}

[Service]
ExecStart=/usr/bin/${name}

[Install]
WantedBy=multi-user.target
`

export function projectFiles(choices: ProjectChoices): { readonly [path: string]: string } {
  return {
    'hawser.yaml': hawserYaml(choices),
    '.gitignore': '/.hawser/\n/dist/\n/releases/\n/repositories/\n',
    'files/greeting.txt': 'Hello, world.\n',
    'files/hello.conf': 'greeting = Hello\n',
    'files/hello.sh': '#!/bin/sh\ncat /usr/share/hello/greeting.txt\n',
    'files/post-install.sh': '#!/bin/sh\nset -e\ntrue\n',
    ...Object.fromEntries(choices.packages.map((name) => [`files/${name}.service`, unit(name)])),
  }
}
