// The escapes that libxml2 makes, so that our fragments equal createrepo_c's byte for byte: characters beyond ASCII
// stay as they are in text and become references in attributes.
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0, 2.2 forbids exactly these, also as references.
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

const textEscapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' }
const attributeEscapes: Record<string, string> = {
  ...textEscapes,
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
}

/** Characters that no XML 1.0 document can hold are left out; one of them would break the index for everybody. */
export function xmlText(value: string): string {
  return value.replace(forbidden, '').replace(/[&<>\r]/g, (character) => textEscapes[character] ?? character)
}

export function xmlAttribute(value: string): string {
  return value
    .replace(forbidden, '')
    .replace(/[&<>\r"\n\t]/g, (character) => attributeEscapes[character] ?? character)
    .replace(/[\u0080-\u{10ffff}]/gu, (character) => `&#x${hexCodePoint(character)};`)
}

/** ` name="value"` for every attribute that has a value, in the given order. */
export function xmlAttributes(attributes: Readonly<Record<string, string | number | undefined>>): string {
  let text = ''
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) text += ` ${name}="${xmlAttribute(String(value))}"`
  }
  return text
}

/** An element with text, which may be empty, or without any content. */
export function xmlElement(
  name: string,
  text: string | undefined,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const start = `<${name}${xmlAttributes(attributes)}`
  return text === undefined ? `${start}/>` : `${start}>${xmlText(text)}</${name}>`
}

const hexCodePoint = (character: string): string => (character.codePointAt(0) ?? 0).toString(16).toUpperCase()
