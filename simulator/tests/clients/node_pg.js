// node's pg through the wire: what it prints must not depend on who stands between.
const { Client, Pool } = require('pg');

async function failing(what, run) {
  try {
    await run();
    console.log(what, 'went through');
  } catch (error) {
    console.log(what, error.code);
  }
}

async function main(connectionString) {
  const client = new Client({ connectionString });
  await client.connect();
  await client.query('truncate t');
  for (let n = 0; n < 3; n += 1) {
    await client.query('insert into t values ($1, $2)', [n, 'row']);
    await client.query({ name: 'kept', text: 'update t set word = $2 where id = $1', values: [n, 'named'] });
  }
  await client.query('begin');
  await failing('duplicate', () => client.query('insert into t values ($1, $2)', [1, 'x']));
  await failing('in the failed block', () => client.query('select 1'));
  await client.query('rollback');
  const many = await client.query("select 1 as a; insert into t values (9, 'many') returning id");
  console.log('many', many.map((one) => one.rows));
  // Queued together, sent one by one.
  const queued = await Promise.all([1, 2, 3].map((n) => client.query('select $1::int as n', [n])));
  console.log('queued', queued.map((one) => one.rows[0].n));
  const noticed = new Promise((resolve) => client.once('notice', (notice) => resolve(notice.message)));
  await client.query('select said()');
  console.log('notice', await noticed);
  await client.end();

  const pool = new Pool({ connectionString, max: 3 });
  await Promise.all([20, 21, 22, 23].map((n) => pool.query('insert into t values ($1, $2)', [n, 'pool'])));
  const { rows } = await pool.query('select id, word from t order by id');
  console.log('rows', rows.map((row) => `${row.id} ${row.word}`).join(', '));
  await pool.end();
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
