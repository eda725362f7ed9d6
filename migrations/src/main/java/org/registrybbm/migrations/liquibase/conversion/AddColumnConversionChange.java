package org.registrybbm.migrations.liquibase.conversion;

import static org.registrybbm.migrations.liquibase.base.Attribute.optional;
import static org.registrybbm.migrations.liquibase.base.Attribute.required;

import java.util.List;
import java.util.stream.Stream;
import liquibase.change.ChangeMetaData;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.statement.SqlStatement;
import liquibase.statement.core.RawSqlStatement;
import org.registrybbm.migrations.liquibase.base.Attribute;
import org.registrybbm.migrations.liquibase.base.AttributeType;
import org.registrybbm.migrations.liquibase.base.Attributes;

/**
 * {@code addColumnConversion}: gives a column, and the columns whose foreign keys refer to it, twins of a wider type, which a trigger keeps
 * equal, and queues the batched migrations that fill them. What cannot be taken along is refused by name, before anything is changed.
 *
 * <p>A rollback takes all of it back, unless columns and twins have been exchanged already.
 */
@DatabaseChange(
        name = "addColumnConversion",
        description = "Begins to widen a column",
        priority = ChangeMetaData.PRIORITY_DEFAULT)
public final class AddColumnConversionChange extends ConversionChange {
    private static final String TABLE = "tableName";
    private static final String COLUMN = "columnName";

    private static final List<Attribute> PASSED = List.of(
            NAME,
            required(TABLE, new AttributeType.Text()),
            required(COLUMN, new AttributeType.Text()),
            optional("toType", AttributeType.Word.of("bigint", "integer")),
            optional("referencing", AttributeType.Word.of("all", "none")),
            optional("subscriberHasColumn", AttributeType.Word.YES_OR_NO));

    private static final List<Attribute> KNOWN =
            Stream.concat(PASSED.stream(), Stream.of(Attributes.SCHEMA)).toList();

    /** For Liquibase, which sets the attributes afterwards. */
    public AddColumnConversionChange() {
        super(KNOWN);
    }

    @Override
    Verb verb() {
        return Verb.ADD;
    }

    @Override
    public SqlStatement[] generateStatements(Database database) {
        return new SqlStatement[] {
            new RawSqlStatement(attributes().call("declare_column_conversion", PASSED)), steps(verb(), database)
        };
    }

    @Override
    public SqlStatement[] generateRollbackStatements(Database database) {
        return new SqlStatement[] {steps(Verb.ABANDON, database)};
    }

    @Override
    public String getConfirmationMessage() {
        return "column conversion '" + name() + "' added";
    }
}
