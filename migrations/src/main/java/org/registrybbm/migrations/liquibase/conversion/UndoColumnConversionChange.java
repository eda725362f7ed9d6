package org.registrybbm.migrations.liquibase.conversion;

import liquibase.change.ChangeMetaData;
import liquibase.change.DatabaseChange;
import liquibase.database.Database;
import liquibase.statement.SqlStatement;

/**
 * {@code undoColumnConversion}: gives the columns of a finished conversion their old type again, by the same steps. It is refused once a key is
 * too great for that. A rollback finishes the conversion again.
 */
@DatabaseChange(
        name = "undoColumnConversion",
        description = "Takes a column back to its old type",
        priority = ChangeMetaData.PRIORITY_DEFAULT)
public final class UndoColumnConversionChange extends ConversionChange {
    /** For Liquibase, which sets the attributes afterwards. */
    public UndoColumnConversionChange() {
        super(nameAndSchema());
    }

    @Override
    Verb verb() {
        return Verb.UNDO;
    }

    @Override
    public SqlStatement[] generateStatements(Database database) {
        return new SqlStatement[] {steps(verb(), database)};
    }

    @Override
    public SqlStatement[] generateRollbackStatements(Database database) {
        return new SqlStatement[] {steps(Verb.FINISH, database)};
    }

    @Override
    public String getConfirmationMessage() {
        return "column conversion '" + name() + "' undone";
    }
}
