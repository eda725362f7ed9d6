package org.registrybbm.migrations.internal.catalog;

/**
 * The order in which the keys of a walk are sorted: the types and collations of its columns. A cursor is worthless in another order, for
 * example after a dump was restored into a database with another locale.
 */
public final class KeyOrder {
    /** SQL condition that the keys of a walk, aliased {@code w}, are sorted in another order than when it began. */
    public static final String CHANGED =
            "coalesce(w.definition ->> 'order' <> " + of("w.table_oid", "w.definition -> 'key'") + ", false)";

    private KeyOrder() {}

    /**
     * Returns SQL for the order of a key.
     *
     * @param table SQL for the table's object id
     * @param columns SQL for a JSON array of the key's columns; NULL if there is no key
     */
    public static String of(String table, String columns) {
        // The catalogue's rows are read as JSON, because the columns that hold a locale differ between versions of
        // PostgreSQL.
        return """
                (
                    SELECT string_agg(
                        CASE
                            WHEN a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'integer'
                            WHEN a.atttypid = 'varchar'::regtype THEN 'text'
                            ELSE t.typname
                        END || CASE
                            WHEN a.attcollation = 0 THEN ''
                            WHEN c.collprovider = 'd' THEN concat_ws(
                                ' ', '', d.db ->> 'datcollate', d.db ->> 'daticulocale', d.db ->> 'datlocale',
                                d.db ->> 'datcollversion')
                            ELSE concat_ws(
                                ' ', '', to_jsonb(c) ->> 'collcollate', to_jsonb(c) ->> 'colliculocale',
                                to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'collversion')
                        END,
                        ', ' ORDER BY k.place)
                    FROM jsonb_array_elements_text(%2$s) WITH ORDINALITY AS k(name, place)
                    JOIN pg_attribute a ON a.attrelid = %1$s AND a.attname = k.name AND NOT a.attisdropped
                    JOIN pg_type t ON t.oid = a.atttypid
                    LEFT JOIN pg_collation c ON c.oid = a.attcollation
                    CROSS JOIN (
                        SELECT to_jsonb(each) AS db FROM pg_database AS each WHERE datname = current_database()
                    ) AS d
                )
                """.formatted(table, columns).strip();
    }
}
