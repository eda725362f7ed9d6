/**
 * A real PostgreSQL for tests, embedded or in a container, and a migrated database for each test class. It knows the changelogs and nothing
 * of the engine.
 */
@NullMarked
package org.registrybbm.testkit.postgres;

import org.jspecify.annotations.NullMarked;
