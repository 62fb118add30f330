import { z } from 'zod'
import type { PackageCompression, Relations, Scripts, Trigger } from '../../packages/package-spec.ts'
import { packageDefaults } from '../defaults.ts'
import type { ConfigKinds } from '../kinds.ts'
import { mapOf, mode, text, texts, versionText } from './text.ts'

export const compressionKinds = [
  'gzip',
  'xz',
  'zstd',
  'none',
] as const satisfies readonly PackageCompression['kind'][]

const triggerKinds = [
  'interest',
  'interest-noawait',
  'activate',
  'activate-noawait',
  'trigger-in',
  'trigger-un',
  'trigger-postun',
] as const satisfies readonly Trigger['kind'][]

/** Every kind of relation; the keys of `Relations`, as people write them. */
export const relationFields = [
  'depends',
  'preDepends',
  'recommends',
  'suggests',
  'enhances',
  'conflicts',
  'breaks',
  'provides',
  'replaces',
  'obsoletes',
] as const satisfies readonly (keyof Relations)[]

export const scriptFields = [
  'preInstall',
  'postInstall',
  'preRemove',
  'postRemove',
  'preTransaction',
  'postTransaction',
] as const satisfies readonly (keyof Scripts)[]

/**
 * One entry of `contents`. One flat map instead of a union of four: a rule says which keys belong together, in words,
 * where a union would list four failures.
 */
export const content = z
  .strictObject({
    from: text(
      'Where the bytes are: "SOURCE:PATH" in a source of this file, or a path in the project. The path may be a glob (*, **, ?, [..], {a,b}).',
    ).meta({ examples: ['esbuild-${arch}:bin/esbuild', 'files/hello.conf', 'dist/lib/**'] }),
    to: text(
      'Where it is installed. With "/" at the end: a folder, which keeps the names (and, for globs, the tree).',
    ).meta({
      examples: ['/usr/bin/hello', '/usr/share/doc/hello/'],
    }),
    directory: text('An empty folder that the package owns.').meta({ examples: ['/var/lib/hello'] }),
    symlink: text('A symbolic link; "target" is what it points to.').meta({ examples: ['/usr/bin/hi'] }),
    target: text('What the symbolic link points to, written as it is stored.'),
    ghost: text(
      'A file that the package owns but does not bring, such as a log. Formats without the notion leave it out.',
    ),
    mode: mode(
      'Permissions in octal. Without it: 0755 for folders and for files that are executable, else 0644.',
    ),
    owner: text('User that owns it.').meta({ default: packageDefaults.owner }),
    group: text('Group that owns it.').meta({ default: packageDefaults.group }),
    config: z
      .union([z.boolean(), z.enum(['noreplace', 'missingok'])])
      .describe(
        "A configuration file: what an administrator changed is kept in upgrades. noreplace and missingok are rpm's finer kinds.",
      ),
    doc: z.boolean().describe('Documentation.'),
    license: z.boolean().describe('A licence text.'),
  })
  .partial()
  .meta({
    description: 'A file or files (from, to), a directory, a symlink or a ghost.',
    oneOf: ['to', 'directory', 'symlink', 'ghost'].map((key) => ({ required: [key] })),
  })

const systemdUnit = mapOf(
  {
    unit: text('The unit file: a path in the project, or "SOURCE:PATH".').meta({
      examples: ['files/hello.service'],
    }),
    enable: z.boolean().meta({ description: 'Starts at boot.', default: packageDefaults.systemd.enable }),
    start: z
      .boolean()
      .meta({ description: 'Starts when it is installed.', default: packageDefaults.systemd.start }),
    restartAfterUpgrade: z.boolean().meta({
      description: 'Restarts after an upgrade.',
      default: packageDefaults.systemd.restartAfterUpgrade,
    }),
  },
  ['unit'],
  { description: 'A systemd unit: installed, and enabled and started as each distribution does it.' },
)

const trigger = mapOf(
  {
    kind: z
      .enum(triggerKinds)
      .describe('deb: interest…, activate…; rpm: trigger-in, trigger-un, trigger-postun.'),
    on: text('A path or a trigger name (deb), or a package relation (rpm).'),
    script: text('A script in the project (rpm only; a deb runs postInstall).'),
  },
  ['kind', 'on'],
  { description: 'What happens when something else is installed or removed.' },
)

const changelogEntry = mapOf(
  {
    version: versionText('The version that brought the changes.'),
    date: text('The day, as YYYY-MM-DD.').regex(/^\d{4}-\d\d-\d\d$/, 'is no day of the form YYYY-MM-DD'),
    author: text('Who made it, as "Name <mail>". The maintainer when left out.'),
    changes: texts('One line for each change.').min(1, 'is empty'),
  },
  ['version', 'date', 'changes'],
  { description: 'One version and what it changed.' },
)

const level = z.int().min(0).max(22)
const compression = z
  .union([
    z.enum(compressionKinds),
    z.strictObject({ kind: z.enum(compressionKinds), level: level.optional() }),
  ])
  .meta({
    description: 'How the contents are compressed: a kind, or a kind and a level.',
    default: packageDefaults.compression,
  })

/** What can be said for all variants of a package, and differently for one of them in `overrides`. */
function variantFields() {
  const relations = Object.fromEntries(
    relationFields.map((field) => [
      field,
      texts(relationTexts[field]).meta({ examples: [['libc6 >= 2.17 | musl']] }),
    ]),
  ) as Record<(typeof relationFields)[number], z.ZodArray<z.ZodString>> // exactly relationFields, from the line above
  const scripts = Object.fromEntries(
    scriptFields.map((field) => [field, text(scriptTexts[field]).exactOptional()]),
  ) as Record<(typeof scriptFields)[number], z.ZodExactOptional<z.ZodString>> // exactly scriptFields, from the line above
  return {
    version: versionText('The version of the package, as upstream writes it.').meta({
      default: '${version}',
    }),
    epoch: z
      .int()
      .min(0)
      .max(0x7fffffff)
      .meta({ description: 'Epoch: outranks the version. Only to repair a mistake in versions.' }),
    build: buildNumber('The build number: deb revision and rpm release.'),
    summary: text('What it is, in one line without a final full stop.'),
    description: text('What it is, in paragraphs separated by an empty line. Without it: the summary.'),
    maintainer: text('Who looks after the package, as "Name <mail>".').meta({
      examples: ['Release Team <release@example.org>'],
    }),
    vendor: text('Who publishes it.'),
    homepage: text('Where to read more, as a URL.'),
    license: text('Licence, as an SPDX expression.').meta({ examples: ['Apache-2.0', 'MIT OR Apache-2.0'] }),
    section: text('Debian section or RPM group.').meta({ default: packageDefaults.section }),
    priority: text('Debian priority.').meta({ default: packageDefaults.priority }),
    contents: z.array(content).describe('What the package installs.'),
    ...relations,
    scripts: z
      .strictObject(scripts)
      .describe('Scripts of the package manager; each is a file in the project.'),
    systemd: z.array(systemdUnit).describe('systemd units.'),
    triggers: z.array(trigger).describe('Triggers.'),
    changelog: z
      .union([text('A Debian changelog file in the project.'), z.array(changelogEntry)])
      .describe('What changed: a file in the form of debian/changelog, or a list, newest first.'),
    compression,
    fields: z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]*$/, 'is no field name'), z.string()).meta({
      description: 'More control fields or tags of the format.',
      examples: [{ 'Multi-Arch': 'foreign' }],
    }),
    sign: text(
      'The key (of "keys") that signs inside of packages where clients check that (rpm). For a deb, whose repository is what is signed, only when it stands in overrides.deb.',
    ),
  }
}

export function buildNumber(describe: string) {
  return z
    .union([
      z.int().min(0),
      z
        .string()
        .regex(
          /^[0-9][A-Za-z0-9.+~]*$/,
          'is no build number: begin with a digit, then letters, digits, ".", "+" and "~"',
        ),
    ])
    .meta({ description: describe, default: 1 })
}

type PackageKinds = Pick<ConfigKinds, 'packageFormats' | 'architectures' | 'canonicalArchitecture'>

/** Other words for an architecture (`x86_64`) are answered with the canonical one. */
function architectureName({ architectures, canonicalArchitecture }: PackageKinds) {
  // z.enum takes any list of texts.
  return z.enum(architectures as [string, ...string[]], {
    error: ({ input }) => {
      const canonical = typeof input === 'string' ? canonicalArchitecture(input) : undefined
      return canonical === undefined ? undefined : `Write "${canonical}".`
    },
  })
}

const keyring = mapOf(
  {
    repositories: texts('Repositories of this file whose keys it installs.').min(1, 'is empty'),
    sources: z.boolean().meta({
      description:
        'Also installs the files that make a system use the repositories (.sources, .repo); each of them needs its "url".',
      default: false,
    }),
  },
  ['repositories'],
  {
    description:
      'Makes it a keyring package: it installs the public keys of repositories, those that sign and those that are accepted. Architectures, formats, summary and description need not be written then.',
    examples: [{ repositories: ['debian', 'fedora'] }],
  },
)

function repackageSchema({ packageFormats }: PackageKinds) {
  const originals = (format: string) =>
    texts(
      `The ${format} packages it is made of, the main one first: the name of a source that is one file, "SOURCE:PATH", or a path in the project.`,
    )
      .min(1, 'is empty')
      .exactOptional()
  return z
    .strictObject(Object.fromEntries(packageFormats.map((format) => [format, originals(format)])))
    .meta({
      description:
        'Makes it a package of finished ones of others, by format: their files, scripts, relations and words, under this name. Version, summary, license and the like are theirs where they are not written; relations are added to theirs.',
      examples: [{ deb: ['docker-deb'], rpm: ['docker-rpm', 'docker-selinux-rpm'] }],
    })
}

export function packageSchema(kinds: PackageKinds) {
  const variant = variantFields()
  const override = z.strictObject(variant).partial().describe('What differs in these variants.')
  return z
    .strictObject({
      formats: z
        .array(z.enum(kinds.packageFormats as [string, ...string[]])) // z.enum takes any list of texts
        .min(1, 'is empty')
        .describe(
          'The formats to build. Without it: those that the repositories of this file need, else all.',
        ),
      architectures: z
        .array(architectureName(kinds))
        .min(1, 'is empty')
        .describe('The machines to build it for; "all" when nothing in it depends on the machine.'),
      keyring,
      repackage: repackageSchema(kinds),
      ...variant,
      overrides: z
        .record(z.string(), override)
        .describe(
          'What differs for a format, an architecture or a distribution. Later wins: package, then format, then architecture, then distribution.',
        ),
    })
    .partial()
}

export type WrittenPackage = z.output<ReturnType<typeof packageSchema>>
export type WrittenVariant = Omit<
  WrittenPackage,
  'formats' | 'architectures' | 'keyring' | 'repackage' | 'overrides'
>
export type WrittenContent = z.output<typeof content>

const relationTexts: { readonly [field in (typeof relationFields)[number]]: string } = {
  depends:
    'What must be installed too. Alternatives are separated by "|"; a version follows =, <, <=, > or >=.',
  preDepends: 'What must be configured before this package is unpacked.',
  recommends: 'What is installed too unless the administrator says no.',
  suggests: 'What goes well with it.',
  enhances: 'What it makes more useful.',
  conflicts: 'What cannot be installed at the same time.',
  breaks: 'What must be upgraded or removed first.',
  provides: 'What it also counts as.',
  replaces: 'Packages whose files it takes over.',
  obsoletes: 'Packages that it supersedes in upgrades.',
}

const scriptTexts: { readonly [field in (typeof scriptFields)[number]]: string } = {
  preInstall: 'Runs before the files are installed.',
  postInstall: 'Runs after the files were installed.',
  preRemove: 'Runs before the files are removed.',
  postRemove: 'Runs after the files were removed.',
  preTransaction: 'Runs before the whole transaction (rpm only).',
  postTransaction: 'Runs after the whole transaction (rpm only).',
}
