/**
 * What became of requests that a program may send twice, by the keys that it gave them.
 *
 * <p>What a request changes is in the rooms of the things that it changes.
 */
@NullMarked
package org.registrybbm.migrations.request;

import org.jspecify.annotations.NullMarked;
