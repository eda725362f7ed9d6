/**
 * Helps authors test their migrations. {@link org.registrybbm.testkit.MigrationExtension} gives a test a database and a {@link
 * org.registrybbm.testkit.MigrationTester}. The tester runs a migration to its end, kills replicas on the way if asked to, and says what
 * became of each row.
 */
@NullMarked
package org.registrybbm.testkit;

import org.jspecify.annotations.NullMarked;
