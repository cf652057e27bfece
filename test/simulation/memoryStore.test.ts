import { testStoreContract } from '../store/contract.ts';
import { testStoreAgainstModel } from '../store/model.ts';
import { MemoryStorage, openMemoryStore } from './memoryStore.ts';

function newPlace() {
  const storage = new MemoryStorage();
  return { open: () => openMemoryStore(storage, async (work) => work()) };
}

testStoreContract('the store of the simulation', newPlace);
testStoreAgainstModel('the store of the simulation', newPlace);
