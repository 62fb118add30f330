import { UserError } from '../../errors.ts'

export const leadBytes = 96

/** The lead is only a magic number for file(1) by now; rpm reads the magic and the major version. */
export interface Lead {
  readonly type: 'binary' | 'source'
  readonly name: string
}

/** rpm's format_lead.md: magic 4, major, minor, type 2, arch 2, name 66, os 2, signature type 2, reserved 16. */
export function encodeLead({ name }: Lead): Uint8Array {
  const lead = Buffer.alloc(leadBytes)
  lead.writeUInt32BE(0xedabeedb, 0)
  lead.writeUInt8(3, 4) // major
  lead.writeUInt8(0, 5) // minor
  lead.writeUInt16BE(0, 6) // binary
  lead.writeUInt16BE(1, 8) // arch; the main header says which
  // The last of the 66 bytes stays zero, because old readers take it as a C string.
  Buffer.from(name).copy(lead, 10, 0, 65)
  lead.writeUInt16BE(1, 76) // os: Linux
  lead.writeUInt16BE(5, 78) // signature type: a header
  return lead
}

export function decodeLead(data: Buffer): Lead {
  if (data.length < leadBytes) {
    throw new UserError(
      'RPM_TRUNCATED',
      `The file ends after ${data.length} bytes, inside the lead of 96 bytes.`,
      {
        hint: 'Fetch or build the package again; this is not a whole .rpm file.',
      },
    )
  }
  const magic = data.readUInt32BE(0)
  if (magic !== 0xedabeedb) {
    const found = data.toString('hex', 0, 4)
    throw new UserError(
      'RPM_NOT_A_PACKAGE',
      `The file begins with ${found}, and an .rpm file with edabeedb.`,
      {
        hint: 'Name the .rpm file itself. An error page that was saved under the name of a package looks like this, too.',
      },
    )
  }
  const major = data.readUInt8(4)
  if (major !== 3 && major !== 4) {
    throw new UserError(
      'RPM_FORMAT_UNKNOWN',
      `The lead at offset 4 has the major version ${major}; 3 and 4 are known.`,
      {
        hint: 'Build the package with rpm 4.6 or later.',
      },
    )
  }
  const end = data.indexOf(0, 10)
  return {
    type: data.readUInt16BE(6) === 1 ? 'source' : 'binary',
    name: data.toString('utf8', 10, Math.min(end < 0 ? 76 : end, 76)),
  }
}
