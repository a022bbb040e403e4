/** Every report, one line each: adding a format is a file and a line here. */
import type { ReportEntry } from './model.ts';

export const reports: readonly ReportEntry[] = [
  { id: 'html', use: async () => (await import('./html/report.ts')).html },
  { id: 'junit', use: async () => (await import('./junit.ts')).junit },
  { id: 'markdown', use: async () => (await import('./markdown.ts')).markdown },
  { id: 'csv', use: async () => (await import('./csv.ts')).csv },
];
