import { parseStringPromise, processors } from 'xml2js';

/** An element of a parsed document, without namespaces: those of what is read here differ by name alone. */
export interface XmlElement {
  attributes: Record<string, string>;
  /** All text that stands directly in it, without the space around it; comments do not cut it. */
  text: string;
  /** The children of that name, in their order. */
  children: (name: string) => XmlElement[];
  /** How many children it has, of whatever name. */
  childCount: number;
}

/** What xml2js makes of an element: `$` attributes, `_` text, everything else lists of children. */
type ParsedElement = { $?: Record<string, string>; _?: string } & Record<string, unknown>;

/** Anything but comments and CDATA: a document type could define entities, and nobody needs one in SAML. */
const DECLARATION = /<!(?!--|\[CDATA\[)/;

const toElement = (parsed: ParsedElement | string): XmlElement => {
  const element = typeof parsed === 'string' ? ({ _: parsed } as ParsedElement) : parsed;
  const names = Object.keys(element).filter((name) => name !== '$' && name !== '_');
  const listOf = (name: string): (ParsedElement | string)[] =>
    names.includes(name) ? (element[name] as (ParsedElement | string)[]) : [];
  return {
    attributes: element.$ ?? {},
    text: (element._ ?? '').trim(),
    children: (name) => listOf(name).map(toElement),
    childCount: names.reduce((count, name) => count + listOf(name).length, 0),
  };
};

/** The element of what xml2js parsed with the same settings elsewhere. */
export const elementOf = (parsed: unknown): XmlElement => toElement(parsed as ParsedElement);

/**
 * The root of a document by its name and its element; undefined when the text is no XML or has a document type.
 */
export const readXml = async (text: string): Promise<{ name: string; root: XmlElement } | undefined> => {
  if (DECLARATION.test(text)) return undefined;
  try {
    const parsed = (await parseStringPromise(text, {
      explicitCharkey: true,
      tagNameProcessors: [processors.stripPrefix],
    })) as Record<string, ParsedElement> | null;
    const [name, root] = Object.entries(parsed ?? {})[0] ?? [];
    return name === undefined || root === undefined ? undefined : { name, root: toElement(root) };
  } catch {
    return undefined;
  }
};
