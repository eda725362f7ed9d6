/**
 * Who gets the next worker: priorities, budgets, rates, offers, and how free workers are shared among migrations.
 *
 * <p>How people read and change budgets is in {@code budget}.
 */
@NullMarked
package org.registrybbm.migrations.internal.sharing;

import org.jspecify.annotations.NullMarked;
