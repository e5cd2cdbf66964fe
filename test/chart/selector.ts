// Which namespaces a selector of the chart matches.
import type { Labels, SelectorTerm } from './render.ts';

export function isSelected(terms: readonly SelectorTerm[], labels: Labels): boolean {
  return terms.every((term) => holds(term, labels));
}

/** As in Kubernetes: NotIn holds when the label is not there. */
function holds({ key, operator, values = [] }: SelectorTerm, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
