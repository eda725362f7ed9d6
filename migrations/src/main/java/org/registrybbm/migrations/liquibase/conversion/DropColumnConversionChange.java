package org.registrybbm.migrations.liquibase.conversion;

import liquibase.change.ChangeMetaData;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.exception.RollbackImpossibleException;
import liquibase.statement.SqlStatement;

/**
 * {@code dropColumnConversion}: drops the twins of a finished conversion, in which the old columns live on. There is no way back.
 */
@DatabaseChange(
        name = "dropColumnConversion",
        description = "Drops the old column of a finished conversion",
        priority = ChangeMetaData.PRIORITY_DEFAULT)
public final class DropColumnConversionChange extends ConversionChange {
    /** For Liquibase, which sets the attributes afterwards. */
    public DropColumnConversionChange() {
        super(nameAndSchema());
    }

    @Override
    Verb verb() {
        return Verb.DROP;
    }

    @Override
    public SqlStatement[] generateStatements(Database database) {
        return new SqlStatement[] {steps(verb(), database)};
    }

    @Override
    public boolean supportsRollback(Database database) {
        return false;
    }

    @Override
    public SqlStatement[] generateRollbackStatements(Database database) throws RollbackImpossibleException {
        throw new RollbackImpossibleException("dropColumnConversion: the old columns of '" + name()
                + "' are gone; to narrow the column, convert it by hand");
    }

    @Override
    public String getConfirmationMessage() {
        return "column conversion '" + name() + "' over";
    }
}
