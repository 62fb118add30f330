import { readdir } from 'node:fs/promises'
import type { Json } from '../../lib/json.ts'
import { type FactReader, fieldsOf, readText, summaryFrom } from './facts.ts'

/** Texts by which licences are known; the more special first. */
const licenses: readonly (readonly [string, RegExp])[] = [
  ['Apache-2.0', /Apache License\s+Version 2\.0/],
  ['AGPL-3.0-only', /GNU AFFERO GENERAL PUBLIC LICENSE\s+Version 3/],
  ['LGPL-3.0-only', /GNU LESSER GENERAL PUBLIC LICENSE\s+Version 3/],
  ['LGPL-2.1-only', /GNU LESSER GENERAL PUBLIC LICENSE\s+Version 2\.1/],
  ['GPL-3.0-only', /GNU GENERAL PUBLIC LICENSE\s+Version 3/],
  ['GPL-2.0-only', /GNU GENERAL PUBLIC LICENSE\s+Version 2/],
  ['MPL-2.0', /Mozilla Public License,? (?:Version|v\.) ?2\.0/i],
  ['ISC', /Permission to use, copy, modify, and(?:\/or)? distribute this software/],
  ['BSD-3-Clause', /Redistribution and use in source and binary forms[\s\S]*Neither the name/],
  ['BSD-2-Clause', /Redistribution and use in source and binary forms/],
  ['Unlicense', /This is free and unencumbered software released into the public domain/],
  ['MIT', /Permission is hereby granted, free of charge, to any person obtaining a copy/],
]

/** LICENSE and README at the top: licence, summary, and what goes into /usr/share/doc. */
export const fromDocuments: FactReader = async (project) => {
  const names = (await readdir(project.root)).sort()
  const license = names.find((name) => /^(LICEN[CS]E|COPYING)(\.(md|txt))?$/i.test(name))
  const readme = names.find((name) => /^README(\.(md|txt|rst))?$/i.test(name))
  const licenseText = license === undefined ? undefined : await readText(project, license)
  const readmeText = readme === undefined ? undefined : await readText(project, readme)
  const contents: Json[] = []
  // %NAME% is the package, whose name is decided when all facts are there.
  if (licenseText !== undefined && license !== undefined) {
    contents.push({ from: license, to: '/usr/share/doc/%NAME%/', license: true })
  }
  if (readmeText !== undefined && readme !== undefined) {
    contents.push({ from: readme, to: '/usr/share/doc/%NAME%/', doc: true })
  }
  return {
    fields: fieldsOf({
      license: licenses.find(([, form]) => form.test(licenseText?.replace(/\s+/g, ' ') ?? ''))?.[0],
      summary: summaryFrom(firstParagraph(readmeText)),
      contents,
    }),
  }
}

/** The first line that is no heading, badge, picture, quote or markup. */
function firstParagraph(text: string | undefined): string | undefined {
  return text
    ?.split(/\r?\n/)
    .find((line) => /^[A-Za-z0-9]/.test(line) && !/^[=-]+$/.test(line) && !line.includes('!['))
}
