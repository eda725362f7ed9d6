/** What tests of every module use beside a database: servers of their own, roles, counted statements, the rooms of the house. */
@NullMarked
package org.registrybbm.migrations.testkit;

import org.jspecify.annotations.NullMarked;
