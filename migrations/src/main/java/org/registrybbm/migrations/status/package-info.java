/**
 * What a migration is doing, how far it is and why it stands still, for people and monitoring.
 *
 * <p>It changes nothing.
 */
@NullMarked
package org.registrybbm.migrations.status;

import org.jspecify.annotations.NullMarked;
