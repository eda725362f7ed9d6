/**
 * Gives tests a real PostgreSQL, embedded or in a container, and each test class a migrated database. This package knows the changelogs and
 * nothing of the engine.
 */
@NullMarked
package org.registrybbm.testkit.postgres;

import org.jspecify.annotations.NullMarked;
