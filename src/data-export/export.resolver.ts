import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { exportIdentity } from './export-identity.service';
import { ExportIdentityInput, ExportIdentityPayload } from './export.types';

/** What is held about an identity, to be taken elsewhere. */
@Resolver()
export class ExportResolver {
  @Mutation(() => ExportIdentityPayload, {
    description:
      'Everything that is held about an identity, as JSON: for administrators, and for an identity about itself. It is written down in the audit log.',
  })
  exportIdentity(
    @Ctx() ctx: Context,
    @Arg('input', () => ExportIdentityInput, { description: 'The identity.' }) input: ExportIdentityInput,
  ): Promise<ExportIdentityPayload> {
    return exportIdentity(ctx, input);
  }
}
