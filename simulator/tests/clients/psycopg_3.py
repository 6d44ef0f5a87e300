"""psycopg 3 through the wire, with and without pipeline mode: what it prints must not depend on
who stands between it and PostgreSQL."""

import sys
import psycopg

url = sys.argv[1]


def failing(what, run):
    try:
        run()
        print(what, "went through")
    except psycopg.Error as error:
        print(what, error.sqlstate, type(error).__name__)


with psycopg.connect(url) as connection:
    connection.execute("create temp table seen (n int)")
    connection.execute("truncate t")
    connection.commit()

    # The shape changes at the sixth use, when the statement is prepared by name.
    for n in range(8):
        connection.execute("insert into t values (%s, %s)", (n, "row"))
    connection.commit()
    print("rows", connection.execute("select count(*) from t").fetchone()[0])

    failing("duplicate", lambda: connection.execute("insert into t values (%s, 'x')", (1,)))
    failing("in the failed block", lambda: connection.execute("select 1"))
    connection.rollback()

    with connection.cursor("named") as cursor:
        cursor.itersize = 3
        cursor.execute("select id from t order by id")
        print("cursor", [row[0] for row in cursor])
    connection.commit()

    with connection.cursor().copy("copy t from stdin") as copy:
        copy.write_row((100, "copied"))
    with connection.cursor().copy("copy (select * from t where id > 6 order by id) to stdout") as copy:
        print("copy", list(copy.rows()))
    connection.commit()

with psycopg.connect(url, autocommit=True) as connection:
    with connection.pipeline() as pipeline:
        cursors = [connection.execute("insert into t values (%s, 'p') returning id", (n,)) for n in (200, 201)]
        # A Sync in the middle.
        pipeline.sync()
        print("pipelined", [cursor.fetchone()[0] for cursor in cursors])
        # Fetching without a Sync makes the client send Flush.
        print("flushed", connection.execute("select %s::int", (5,)).fetchone()[0])
        connection.execute("insert into t values (202, 'p')")

    def doubled():
        with connection.pipeline():
            connection.execute("insert into t values (203, 'p')")
            connection.execute("insert into t values (203, 'q')")
            connection.execute("insert into t values (204, 'p')")

    failing("pipeline", doubled)
    print("after it", connection.execute("select array_agg(id order by id) from t where id >= 200").fetchone()[0])

    with connection.pipeline(), connection.transaction():
        connection.execute("insert into t values (205, 'p')")
        print("inside", connection.execute("select count(*) from t where id = 205").fetchone()[0])

with psycopg.connect(url) as connection, connection.pipeline():
    connection.execute("update t set word = 'late' where id = 205")
    print("word", connection.execute("select word from t where id = 205").fetchone()[0])
