/** What tests of every module use: a real PostgreSQL and a migrated database for each test class. */
@NullMarked
package org.registrybbm.migrations.testkit;

import org.jspecify.annotations.NullMarked;
