import type { Table } from './table.ts';

export function DataTable({ table, caption, id }: { table: Table; caption: string; id: string }) {
  const { columns, rows } = table;
  return (
    <div className="data-table" id={id} tabIndex={0} role="region" aria-label={`${caption}, as a table`}>
      <table>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ head, isNumber }) => (
              <th key={head} scope="col" className={isNumber ? 'number' : ''}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {row.map(({ text }, column) => (
                <td
                  key={columns[column]?.head ?? column}
                  className={columns[column]?.isNumber ? 'number' : ''}
                >
                  {text}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
