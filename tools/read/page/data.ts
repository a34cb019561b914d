// SPDX-License-Identifier: GPL-2.0-only
/** What data.ts of the server writes, and the page reads. */

/** Name, kind, file, line, head, comment. */
export type SymbolData = [string, string, string, number, string, string];
/** Page, subject, sender, text. */
export type MailData = [string, string, string, string];
