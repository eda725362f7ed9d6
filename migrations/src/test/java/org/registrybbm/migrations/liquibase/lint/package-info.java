/** Tests of what the lint finds in changelogs. */
@NullMarked
package org.registrybbm.migrations.liquibase.lint;

import org.jspecify.annotations.NullMarked;
