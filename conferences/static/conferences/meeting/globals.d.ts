/** What Django's JavaScriptCatalog (/jsi18n/, a classic script before the modules) puts on the page. */

declare function gettext(message: string): string;
declare function ngettext(singular: string, plural: string, count: number): string;
declare function interpolate(format: string, values: Record<string, string | number>, named: true): string;
